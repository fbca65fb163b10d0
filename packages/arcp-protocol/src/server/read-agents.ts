import { ArcpUsageError } from "../errors.ts";
import { type AgentInfo, parseAgentRef } from "../jobs/agent-ref.ts";
import type { AgentDefinition } from "./agent.ts";

/** The agents by name, and what clients are told of them. Throws `invalid_options`, `agent_declared_twice`. */
export function readAgents(definitions: readonly AgentDefinition[]) {
  const agents = new Map<string, AgentDefinition>();
  const inventory = new Map<string, AgentInfo>();
  for (const definition of definitions) {
    const { name } = definition;
    const versions = Object.keys(definition.versions);
    const valid = versions.every((version) => parseAgentRef(`${name}@${version}`) !== undefined);
    const preferred = definition.default ?? versions.at(-1);
    if (versions.length === 0 || !valid || preferred === undefined || !versions.includes(preferred)) {
      throw new ArcpUsageError(
        "invalid_options",
        `agent "${name}" needs a name of [a-z0-9._-], at least one version of [a-zA-Z0-9.+_-] and a default among them`,
      );
    }
    if (agents.has(name))
      throw new ArcpUsageError("agent_declared_twice", `agent "${name}" is declared twice`);
    agents.set(name, definition);
    inventory.set(name, { name, versions, default: preferred });
  }
  return { agents, inventory };
}
