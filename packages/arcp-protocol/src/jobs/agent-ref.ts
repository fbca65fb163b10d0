import { ArcpError } from "../errors.ts";

/** `name` or `name@version` (section 7.5). Versions are opaque. */
export interface AgentRef {
  name: string;
  version?: string;
}

const grammar = /^([a-z0-9][a-z0-9._-]*)(?:@([a-zA-Z0-9.+_-]+))?$/;

/** Reads an agent reference; undefined when it does not follow the grammar. */
export function parseAgentRef(text: string): AgentRef | undefined {
  const match = grammar.exec(text);
  if (match === null) return undefined;
  const [, name = "", version] = match;
  return version === undefined ? { name } : { name, version };
}

export function formatAgentRef(ref: AgentRef): string {
  return ref.version === undefined ? ref.name : `${ref.name}@${ref.version}`;
}

/** One line of the inventory of session.welcome. */
export interface AgentInfo {
  name: string;
  versions: string[];
  default?: string;
}

export type ResolvedAgent = { ok: true; name: string; version: string } | { ok: false; error: ArcpError };

/** Which version runs. A bare name takes the default, or else the version that was registered last. */
export function resolveAgent(inventory: ReadonlyMap<string, AgentInfo>, text: string): ResolvedAgent {
  const ref = parseAgentRef(text);
  if (ref === undefined) {
    return refuse(
      "INVALID_REQUEST",
      `"${text.slice(0, 80)}" is not an agent reference; write name or name@version`,
    );
  }
  const info = inventory.get(ref.name);
  if (info === undefined) {
    return refuse("AGENT_NOT_AVAILABLE", `no agent "${ref.name}" here; session.welcome lists the agents`);
  }
  const version = ref.version ?? info.default ?? info.versions.at(-1);
  if (version === undefined || !info.versions.includes(version)) {
    const known = info.versions.join(", ");
    return refuse(
      "AGENT_VERSION_NOT_AVAILABLE",
      `agent "${ref.name}" has no version "${version ?? ""}"; available: ${known}`,
    );
  }
  return { ok: true, name: ref.name, version };
}

function refuse(
  code: "INVALID_REQUEST" | "AGENT_NOT_AVAILABLE" | "AGENT_VERSION_NOT_AVAILABLE",
  message: string,
) {
  return { ok: false as const, error: new ArcpError(code, message) };
}
