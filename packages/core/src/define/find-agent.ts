import { PawlError } from "../errors.ts";
import type { Agent } from "./agent.ts";

type Named = Pick<Agent, "name" | "version">;

/** `name@version`, or the name of an agent that has no version. */
export function agentRef({ name, version }: Named): string {
  return version === undefined ? name : `${name}@${version}`;
}

/**
 * The agent that `name` or `name@version` asks for. A bare name is the first of that name, so the order of the list says which
 * version is the default; nothing at all is the first of the list.
 *
 * @throws PawlError `agent_unknown`, `agent_version_unknown`
 */
export function findAgent<A extends Named>(agents: readonly A[], ref: string | undefined): A {
  const at = ref?.indexOf("@") ?? -1;
  const name = at < 0 || ref === undefined ? ref : ref.slice(0, at);
  const version = at < 0 ? undefined : ref?.slice(at + 1);
  const candidates = name === undefined ? agents : agents.filter((agent) => agent.name === name);
  const found = version === undefined ? candidates[0] : candidates.find((agent) => agent.version === version);
  if (found !== undefined) return found;
  const names = agents.map(agentRef).join(", ") || "none";
  if (candidates.length > 0) {
    throw new PawlError(
      "agent_version_unknown",
      `There is no version "${version}" of agent "${name}". This host has: ${names}.`,
    );
  }
  throw new PawlError("agent_unknown", `There is no agent "${ref ?? ""}". This host has: ${names}.`);
}

/** @throws PawlError `agent_name_taken` when two agents have the same name and the same version */
export function checkAgents(agents: readonly Named[]): void {
  const seen = new Set<string>();
  for (const agent of agents) {
    const ref = agentRef(agent);
    if (seen.has(ref)) {
      throw new PawlError(
        "agent_name_taken",
        `Two agents are called "${ref}". Give one another name, or another version to have both side by side.`,
      );
    }
    seen.add(ref);
  }
}
