import { LAST_ANSWER_MS } from "../limits.ts";
import { after, type Move, moveTo, type TurnMachine } from "../move.ts";
import type { CancelEvidence } from "../outcome.ts";
import { type CallSlot, outstandingEffects, type TurnState } from "../state.ts";
import { CANCEL_GRACE_MS, type TimerName, withoutTimer } from "../timers.ts";
import { cancelFinished, finish } from "./finished.ts";
import { withSlots } from "./running-tools.ts";
import { unknownResult } from "./tool-results.ts";

/**
 * A cancel aborts what is outstanding and lets it settle, so that the record says what is known of it. Waits are let
 * go at once: nothing runs behind them in this turn.
 */
export function cancelRequested(
  machine: TurnMachine,
  state: TurnState,
  evidence: CancelEvidence,
  now: number,
): Move {
  if (state.phase.name === "finished") return cancelFinished(state, evidence);
  const cancelling: TurnState = {
    ...state,
    cancel: evidence,
    timers: { cancel_grace: now + CANCEL_GRACE_MS },
  };
  const asked = moveTo(cancelling, {
    aborts: outstandingEffects(state),
    events: [{ type: "turn.cancelling", evidence }],
  });
  if ("budget" in state.phase) return after(asked, (s) => finish(s, { status: "cancelled", evidence }));
  if (!("slots" in state.phase)) return asked;
  const { slots } = state.phase;
  return after(asked, (s) => withSlots(machine, s, slots.map(letGo), now));
}

function letGo(slot: CallSlot): CallSlot {
  if (slot.wait === undefined) return slot;
  const { call, index, attempt } = slot;
  return { call, index, attempt, result: unknownResult(call) };
}

/** A checkpoint is short and carries inputs that must not be lost; the last answer has a timer of its own. */
function outlivesWallTime({ phase }: TurnState): boolean {
  return phase.name === "at_checkpoint" || (phase.name === "calling_model" && phase.last);
}

export function timerFired(state: TurnState, timer: TimerName, now: number): Move {
  const timers = withoutTimer(state.timers, timer);
  switch (timer) {
    case "wall_time":
      return moveTo(
        {
          ...state,
          limit: state.limit ?? "wall_time",
          timers: { ...timers, last_answer: now + LAST_ANSWER_MS },
        },
        {
          aborts: outlivesWallTime(state) ? [] : outstandingEffects(state),
          events: [{ type: "limit.reached", limit: "wall_time" }],
        },
      );
    case "last_answer": {
      const message = "The time for this turn was over and no last answer came. Raise `limits.maxWallMs`.";
      return finish({ ...state, timers }, { status: "failed", code: "limit_wall_time", message });
    }
    case "cancel_grace":
      // The timer is set only together with the evidence.
      return state.cancel === undefined
        ? moveTo({ ...state, timers })
        : finish({ ...state, timers }, { status: "cancelled", evidence: state.cancel });
  }
}
