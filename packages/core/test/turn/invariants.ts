import {
  canonicalJson,
  inputName,
  legalTransition,
  type Message,
  nextDeadline,
  outstandingEffects,
  type StepResult,
  step,
  type TurnInput,
  type TurnMachine,
  type TurnState,
} from "../../src/index.ts";
import { deepFreeze } from "./deep-freeze.ts";

/** What an observer of a turn must remember to check its invariants. */
export class Witness {
  readonly emitted = new Set<string>();
  readonly aborted = new Set<string>();
  readonly consumed: string[] = [];
}

class Broken extends Error {}

function hold(invariant: string, holds: boolean, facts: () => unknown): void {
  if (!holds) throw new Broken(`${invariant} is broken: ${JSON.stringify(facts(), null, 1)}`);
}

/** Applies an input and checks all invariants of the header of `src/turn/step.ts`. Throws where one is broken. */
export function checkedStep(
  machine: TurnMachine,
  state: TurnState,
  input: TurnInput,
  witness: Witness,
): StepResult {
  deepFreeze(machine.config);
  deepFreeze(state);
  deepFreeze(input);
  const result = deepFreeze(step(machine, state, input));
  const again = step(machine, JSON.parse(JSON.stringify(state)), JSON.parse(JSON.stringify(input)));
  hold("T1", canonicalJson(again) === canonicalJson(result), () => ({ input, result, again }));
  hold("T1", isPlainJson(result), () => ({ input, result }));

  if (result.report) {
    const { effects, events, aborts } = result;
    const nothing = effects.length + events.length + aborts.length === 0;
    hold("T3", result.state === state && nothing, () => ({ input, result }));
    return result;
  }
  checkPhases(state, input, result);
  checkEffects(state, input, result, witness);
  checkPairing(result);
  checkInputs(input, result, witness);
  hold("ordinal", result.state.ordinal === state.ordinal + 1, () => result.state.ordinal);
  hold("wakeAt", result.wakeAt === nextDeadline(result.state.timers), () => result);
  return result;
}

function checkPhases(state: TurnState, input: TurnInput, { state: next, events }: StepResult): void {
  const facts = () => ({ from: state.phase, input, to: next.phase });
  const transition = legalTransition(state.phase.name, inputName(input));
  hold("T5", transition?.to.includes(next.phase.name) === true, facts);
  if (state.phase.name === "finished") hold("T4", input.type === "cancel_requested", facts);
  if (next.phase.name === "finished") {
    const { outcome } = next.phase;
    hold("T4", events.filter((event) => event.type === "turn.ended").length === 1, () => events);
    hold("T8", next.cancel === undefined || outcome.status === "cancelled", facts);
    hold("T8", outcome.status !== "cancelled" || next.cancel !== undefined, facts);
    hold("finished", nextDeadline(next.timers) === undefined && next.wallLeftMs === undefined, () => next);
  } else {
    hold("T7", outstandingEffects(next).length > 0, facts);
    hold("T9", (next.phase.name === "waiting") === (nextDeadline(next.timers) === undefined), () => next);
    hold("T9", (next.phase.name === "waiting") === (next.wallLeftMs !== undefined), () => next);
  }
}

function checkEffects(state: TurnState, input: TurnInput, result: StepResult, witness: Witness): void {
  const facts = () => ({ before: state.phase, input, result });
  for (const { id } of result.effects) {
    hold("T6", !witness.emitted.has(id), facts);
    witness.emitted.add(id);
  }
  const before = outstandingEffects(state);
  const after = outstandingEffects(result.state);
  const settled = input.type === "effect_settled" ? input.effectId : undefined;
  const emitted = new Set(result.effects.map((effect) => effect.id));
  const { aborts } = result;
  hold("T10", new Set(aborts).size === aborts.length, facts);
  hold(
    "T10",
    aborts.every((id) => before.includes(id) && id !== settled),
    facts,
  );
  for (const id of aborts) witness.aborted.add(id);
  hold(
    "T10: what is outstanding was emitted, and what is emitted is outstanding",
    after.every((id) => emitted.has(id) || before.includes(id)) &&
      [...emitted].every((id) => after.includes(id)) &&
      (settled === undefined || !after.includes(settled)),
    facts,
  );
  hold(
    "T10: what is not waited for any more has settled or was aborted",
    before.every((id) => after.includes(id) || id === settled || witness.aborted.has(id)),
    facts,
  );
}

function checkPairing({ state, effects }: StepResult): void {
  if (state.phase.name === "finished") hold("T2", unpaired(state.delta) === undefined, () => state.delta);
  for (const { command } of effects) {
    if (command.kind !== "model_call") continue;
    hold("T2", command.upTo === state.delta.length, () => command);
    hold("T2", unpaired(state.delta) === undefined, () => state.delta);
  }
  const ids = state.delta.map((message) => message.id);
  hold("message ids are unique", new Set(ids).size === ids.length, () => ids);
  hold(
    "no message is blank",
    state.delta.every((message) => message.role === "user" || message.parts.length > 0),
    () => state.delta,
  );
}

/** Every call has one result, in the message that follows its answer and in the same order. */
function unpaired(delta: readonly Message[]): string | undefined {
  const seen = new Set<string>();
  for (const [index, message] of delta.entries()) {
    if (message.role === "tool") {
      if (delta[index - 1]?.role !== "assistant") return `${message.id} follows no answer`;
      continue;
    }
    if (message.role !== "assistant") continue;
    const calls = message.parts.flatMap((part) => (part.type === "tool_call" ? [part.callId] : []));
    for (const id of calls) {
      if (seen.has(id) || id.trim() === "") return `the call id "${id}" is used twice or blank`;
      seen.add(id);
    }
    const next = delta[index + 1];
    const results = next?.role === "tool" ? next.parts.map((part) => part.callId) : [];
    if (canonicalJson(results) !== canonicalJson(calls)) return `${message.id}: ${calls} against ${results}`;
  }
  return undefined;
}

function checkInputs(input: TurnInput, { state }: StepResult, witness: Witness): void {
  if (input.type === "begin") witness.consumed.push(...input.inputs.map((i) => i.inputId));
  if (input.type === "effect_settled" && input.outcome.kind === "checkpoint") {
    witness.consumed.push(...input.outcome.inputs.map((i) => i.inputId));
  }
  hold("D19", canonicalJson(state.consumed) === canonicalJson(witness.consumed), () => state.consumed);
}

/** Only what survives JSON without loss: no member that is undefined, nothing with a prototype of its own. */
function isPlainJson(value: unknown): boolean {
  if (value === null || typeof value === "boolean") return true;
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (Array.isArray(value)) return value.every(isPlainJson);
  if (typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return false;
  return Object.values(value).every(isPlainJson);
}
