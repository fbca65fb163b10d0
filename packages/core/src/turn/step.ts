import type { EffectId } from "../ids.ts";
import { type InputName, inputName, type TurnInput } from "./input.ts";
import { type Move, moveTo, type TurnMachine } from "./move.ts";
import { finish } from "./phases/finished.ts";
import { begin } from "./phases/preparing.ts";
import { settled } from "./phases/settling.ts";
import { cancelRequested, timerFired } from "./phases/stopping.ts";
import { outstandingEffects, type PhaseName, type TurnState } from "./state.ts";
import { nextDeadline } from "./timers.ts";
import { legalTransition } from "./transitions.ts";

/**
 * Invariants (docs/invariants.md):
 * - T1 `step` is a function: equal arguments give equal bytes, and it changes none of them.
 * - T2 Every tool call in a finished delta, and before every model call, has exactly one result.
 * - T3 An input that is illegal in the phase, or settles what is not outstanding, is reported and changes nothing.
 * - T4 A finished turn has one outcome; only a cancel before the commit replaces it.
 * - T5 The phases that an input leads to are those of the transitions table.
 * - T6 Every effect id of a turn is emitted once.
 * - T7 A turn that was begun and is not finished has an outstanding effect.
 * - T8 A turn that was asked to stop ends as cancelled.
 * - T9 A turn that waits has no timer: parked time does not count, and its waits have deadlines of their own.
 * - T10 Aborts name effects that were outstanding, once, and never the one that has just settled.
 */
export interface StepResult extends Move {
  /** When to feed `timer_fired` if nothing happens before; milliseconds since the epoch. */
  readonly wakeAt?: number;
  /** Set when the input was not applied; the state is then the one that was passed in. */
  readonly report?: StepReport;
}

export interface StepReport {
  readonly code: "illegal_input" | "stale_input";
  readonly phase: PhaseName;
  readonly input: InputName;
  readonly message: string;
}

/**
 * Applies one input to the state of a turn. Pure: it performs nothing, reads no clock and makes nothing up; it returns
 * the next state, the effects that somebody shall perform and those that shall stop.
 */
export function step(machine: TurnMachine, state: TurnState, input: TurnInput): StepResult {
  const name = inputName(input);
  if (legalTransition(state.phase.name, name) === undefined) return refused(state, name, "illegal_input");
  if (isStale(state, input)) return refused(state, name, "stale_input");
  const move = apply(machine, state, input);
  const next = { ...move.state, ordinal: state.ordinal + 1 };
  const aborts = move.aborts.length === 0 ? move.aborts : stillOutstanding(move.aborts, input);
  const wakeAt = nextDeadline(next.timers);
  return { ...move, aborts, state: next, ...(wakeAt !== undefined && { wakeAt }) };
}

/** Phases abort all that they had; what has just settled needs no abort, and one is enough (T10). */
function stillOutstanding(aborts: readonly EffectId[], input: TurnInput): readonly EffectId[] {
  const settledId = input.type === "effect_settled" ? input.effectId : undefined;
  return [...new Set(aborts)].filter((id) => id !== settledId);
}

function apply(machine: TurnMachine, state: TurnState, input: TurnInput): Move {
  switch (input.type) {
    case "begin":
      return begin(machine, state, input);
    case "effect_settled":
      return settled(machine, state, input.effectId, input.outcome, input.now);
    case "cancel_requested":
      return cancelRequested(machine, state, input.evidence, input.now);
    case "give_up":
      return finish(state, { status: "failed", code: input.code, message: input.message });
    case "timer_fired":
      return timerFired(machine, state, input.timer, input.now);
  }
}

function isStale(state: TurnState, input: TurnInput): boolean {
  switch (input.type) {
    case "effect_settled":
      return !outstandingEffects(state).includes(input.effectId) || !kindFits(state, input);
    case "timer_fired": {
      const at = state.timers[input.timer];
      return at === undefined || at > input.now;
    }
    case "cancel_requested":
      return state.cancel !== undefined;
    case "begin":
    case "give_up":
      return false;
  }
}

/** Among the calls of an answer an outcome must be of the kind that its slot waits for. */
function kindFits(state: TurnState, input: Extract<TurnInput, { type: "effect_settled" }>): boolean {
  if (!("slots" in state.phase)) return true;
  const slot = state.phase.slots.find((s) => s.effectId === input.effectId);
  return (input.outcome.kind === "await_event") === (slot?.wait !== undefined);
}

function refused(state: TurnState, input: InputName, code: StepReport["code"]): StepResult {
  const phase = state.phase.name;
  const why = code === "illegal_input" ? "is not legal in" : "comes too late or twice for";
  const wakeAt = nextDeadline(state.timers);
  return {
    ...moveTo(state),
    ...(wakeAt !== undefined && { wakeAt }),
    report: { code, phase, input, message: `Input "${input}" ${why} a turn that is ${phase}.` },
  };
}
