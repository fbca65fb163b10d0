import type { MachineEvent } from "../event.ts";
import { type Move, moveTo } from "../move.ts";
import type { CancelEvidence, TurnOutcome } from "../outcome.ts";
import { outstandingEffects, type TurnState } from "../state.ts";
import { answerOpenCalls } from "./tool-results.ts";

/**
 * Ends the turn. Whatever is outstanding is aborted and its later settlement is stale; calls without a result get one
 * that says what is known, so that no transcript carries an unpaired call (T2).
 */
export function finish(state: TurnState, outcome: TurnOutcome): Move {
  const paired = answerOpenCalls(state, outcome.status === "cancelled" ? "turn_cancelled" : "turn_ended");
  const events: MachineEvent[] = [{ type: "turn.ended", outcome }];
  return moveTo(
    { ...paired, phase: { name: "finished", outcome }, timers: {} },
    { aborts: outstandingEffects(state), events },
  );
}

/** The gate was won by a cancel after the machine had finished and before the commit (D18). */
export function cancelFinished(state: TurnState, evidence: CancelEvidence): Move {
  const outcome: TurnOutcome = { status: "cancelled", evidence };
  return moveTo(
    { ...state, cancel: evidence, phase: { name: "finished", outcome } },
    { events: [{ type: "turn.ended", outcome }] },
  );
}
