import type { ToolCallPart, ToolResultPart } from "../../conversation/part.ts";
import type { RefusalCode } from "../event.ts";
import { after, type Move, moveTo } from "../move.ts";
import type { CancelEvidence, TurnOutcome } from "../outcome.ts";
import { outstandingEffects, type TurnState } from "../state.ts";
import { abandonedResult, answerOpenCalls, unknownResult } from "./tool-results.ts";

/**
 * Ends the turn. Whatever is outstanding is aborted and its later settlement is not legal any more; calls without a result
 * get one that says what is known (T2). A turn that was asked to stop ends as cancelled, however it ends (T8): its
 * commit would find the request anyway (D18).
 */
export function finish(state: TurnState, asked: TurnOutcome): Move {
  const outcome: TurnOutcome = state.cancel ? { status: "cancelled", evidence: state.cancel } : asked;
  const paired = answerOpenCalls(state, refusalCode(state, outcome), (call) => whatIsKnown(state, call));
  return after(paired, ({ wallLeftMs: _, ...s }) =>
    moveTo(
      { ...s, phase: { name: "finished", outcome }, timers: {} },
      { aborts: outstandingEffects(state), events: [{ type: "turn.ended", outcome }] },
    ),
  );
}

function refusalCode(state: TurnState, outcome: TurnOutcome): RefusalCode {
  if (outcome.status === "cancelled") return "turn_cancelled";
  return state.limit === undefined ? "turn_ended" : "limit_reached";
}

/** What had begun and has no result is unknown; a call that had not begun is not known here. */
function whatIsKnown({ phase }: TurnState, call: ToolCallPart): ToolResultPart | undefined {
  if (phase.name === "executing_code") {
    return phase.callId === call.callId ? unknownResult(call) : undefined;
  }
  const slot = "slots" in phase ? phase.slots.find((s) => s.call.callId === call.callId) : undefined;
  return slot && (slot.result ?? abandonedResult(slot));
}

/** The gate was won by a cancel after the machine had finished and before the commit (D18). */
export function cancelFinished(state: TurnState, evidence: CancelEvidence): Move {
  const outcome: TurnOutcome = { status: "cancelled", evidence };
  return moveTo(
    { ...state, cancel: evidence, phase: { name: "finished", outcome } },
    { events: [{ type: "turn.ended", outcome }] },
  );
}
