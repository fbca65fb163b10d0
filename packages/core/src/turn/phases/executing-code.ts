import type { OutcomeOf } from "../../effects/outcome.ts";
import { after, type Move, moveTo, type TurnMachine } from "../move.ts";
import type { TurnState } from "../state.ts";
import { act } from "./act.ts";
import { finish } from "./finished.ts";
import { answerOpenCalls, resultOfCode } from "./tool-results.ts";

/** A program ended: its value answers the call that it stands for, and the protocol goes on. */
export function codeSettled(
  machine: TurnMachine,
  state: TurnState,
  outcome: OutcomeOf<"exec_code">,
  now: number,
): Move {
  const { phase } = state;
  if (phase.name !== "executing_code") return moveTo(state);
  const counted = { ...state, noProgress: outcome.result.ok ? 0 : state.noProgress + 1 };
  const paired = answerOpenCalls(counted, state.cancel ? "turn_cancelled" : "tool_not_run", (call) =>
    call.callId === phase.callId ? resultOfCode(call, outcome) : undefined,
  );
  return after(paired, (s) => {
    if (s.cancel) return finish(s, { status: "cancelled", evidence: s.cancel });
    return act(machine, s, machine.protocol.codeAnswered({ ...machine, state: s }, outcome), now);
  });
}
