import type { Agent } from "@pawl/core";

/** These agents, in their order, and then those that they hand work to, however deep; each once. */
export function agentsAndDelegates(agents: readonly Agent[]): readonly Agent[] {
  const all = new Set(agents);
  for (const agent of all) {
    for (const delegate of agent.delegates ?? []) all.add(delegate.agent);
  }
  return [...all];
}
