import type { ErrorFacts } from "../../errors.ts";
import { LAST_ANSWER_MS } from "../limits.ts";
import { after, type Move, moveTo, type TurnMachine } from "../move.ts";
import type { CancelEvidence } from "../outcome.ts";
import { type CallSlot, outstandingEffects, type TurnState } from "../state.ts";
import { CANCEL_GRACE_MS, LIMIT_GRACE_MS, type TimerName, withoutTimer } from "../timers.ts";
import { nextModelCall } from "./calling-model.ts";
import { codeSettled } from "./executing-code.ts";
import { cancelFinished, finish } from "./finished.ts";
import { letGo, withSlots } from "./running-tools.ts";

const isWait = (slot: CallSlot) => slot.wait !== undefined;
const isOpen = (slot: CallSlot) => slot.effectId !== undefined;

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
  const { phase } = state;
  if (phase.name === "finished") return cancelFinished(state, evidence);
  const asked = moveTo(
    { ...state, cancel: evidence, timers: { cancel_grace: now + CANCEL_GRACE_MS } },
    { aborts: outstandingEffects(state), events: [{ type: "turn.cancelling", evidence }] },
  );
  if ("budget" in phase) return after(asked, (s) => finish(s, { status: "cancelled", evidence }));
  if (!("slots" in phase)) return asked;
  return after(asked, (s) => withSlots(machine, s, letGo(phase.slots, isWait), now));
}

export function timerFired(machine: TurnMachine, state: TurnState, timer: TimerName, now: number): Move {
  const fired = { ...state, timers: withoutTimer(state.timers, timer) };
  switch (timer) {
    case "wall_time":
      return wallTimeOver(machine, fired, now);
    case "limit_grace":
      return writeOff(machine, fired, now);
    case "last_answer":
      return noLastAnswer(fired);
    case "cancel_grace":
      // The timer is set only together with the evidence.
      return state.cancel ? finish(fired, { status: "cancelled", evidence: state.cancel }) : moveTo(fired);
  }
}

/** The last answer has a timer of its own. A checkpoint is short, and carries inputs that must not be lost. */
function outlivesWallTime({ phase }: TurnState): boolean {
  return phase.name === "at_checkpoint" || (phase.name === "calling_model" && phase.last);
}

/** Work is aborted and may settle; waits are let go, as they are by a cancel. Then comes the last answer. */
function wallTimeOver(machine: TurnMachine, state: TurnState, now: number): Move {
  const { phase } = state;
  const stops = !outlivesWallTime(state);
  const timers = {
    ...state.timers,
    ...(stops && { limit_grace: now + LIMIT_GRACE_MS }),
    last_answer: now + LAST_ANSWER_MS,
  };
  const reached = moveTo(
    { ...state, limit: state.limit ?? "wall_time", timers },
    {
      aborts: stops ? outstandingEffects(state) : [],
      events: [{ type: "limit.reached", limit: "wall_time" }],
    },
  );
  if (!("slots" in phase)) return reached;
  return after(reached, (s) => withSlots(machine, s, letGo(phase.slots, isWait), now));
}

const NOT_STOPPED: ErrorFacts = {
  code: "limit_wall_time",
  message: "The time for this turn was over, and the work did not stop when it was asked to.",
};

/** What was aborted did not settle: the turn goes on to its last answer without it. */
function writeOff(machine: TurnMachine, state: TurnState, now: number): Move {
  const { phase } = state;
  switch (phase.name) {
    case "running_tools":
      return withSlots(machine, state, letGo(phase.slots, isOpen), now);
    case "executing_code":
      return codeSettled(
        machine,
        state,
        { kind: "exec_code", result: { ok: false, error: NOT_STOPPED } },
        now,
      );
    default:
      return nextModelCall(machine, state, now);
  }
}

/** An answer that only waits for its checkpoint is there in time. */
function noLastAnswer(state: TurnState): Move {
  const { phase } = state;
  if (phase.name === "at_checkpoint" && phase.then.type === "finish")
    return finish(state, phase.then.outcome);
  const message = "The time for this turn was over and no last answer came. Raise `limits.maxWallMs`.";
  return finish(state, { status: "failed", code: "limit_wall_time", message });
}
