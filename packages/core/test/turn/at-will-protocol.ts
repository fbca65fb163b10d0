import type { NextAction, TurnAction, TurnProtocol, TurnView } from "../../src/index.ts";

/** A protocol that decides at will, and the same for the same view: T1 must hold for any. */
export function atWill(seed: number): TurnProtocol {
  const decide = <A>(view: TurnView, actions: readonly A[]): A => {
    const { ordinal, delta, usage: used } = view.state;
    const n = (seed + ordinal * 7919 + delta.length * 104729 + used.outputTokens) % 1_000_003;
    return actions[n % actions.length] as A;
  };
  const run = { type: "execute_code", language: "js", code: "1 + 1" } as const;
  const next: readonly NextAction[] = [
    { type: "call_model" },
    run,
    { type: "next_iteration" },
    { type: "next_iteration" },
    { type: "complete", text: "at will" },
    { type: "fail", code: "at_will", message: "at will" },
  ];
  return {
    name: "at_will",
    prepareIteration: (view) => decide(view, [{ type: "call_model" }, run]),
    modelAnswered: (view, { parts }) => {
      const calls = parts.flatMap((p) => (p.type === "tool_call" ? [p] : []));
      const actions: TurnAction[] = [...next, { type: "call_model_again" }, { type: "run_tools", calls }];
      if (calls[0]) {
        actions.push({ ...run, callId: calls[0].callId }, { type: "run_tools", calls: calls.slice(1) });
      }
      return decide(view, actions);
    },
    toolsAnswered: (view) => decide(view, next),
    codeAnswered: (view) => decide(view, next),
  };
}
