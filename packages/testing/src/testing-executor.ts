import type { EffectEnvelope, EffectKind, EffectOutcome, OutcomeOf } from "@pawl/core";
import { PawlError } from "@pawl/core";

export interface TestingExecutor<Kind extends EffectKind> {
  (envelope: EffectEnvelope): Promise<OutcomeOf<Kind>>;
  /** What it was asked to perform, in order. */
  readonly envelopes: readonly EffectEnvelope[];
}

/** An executor of one kind from a function of the envelope; it remembers what it was asked for. */
export function testingExecutor<Kind extends EffectKind>(
  kind: Kind,
  perform: (envelope: EffectEnvelope) => OutcomeOf<Kind> | Promise<OutcomeOf<Kind>>,
): TestingExecutor<Kind> {
  const envelopes: EffectEnvelope[] = [];
  const executor = async (envelope: EffectEnvelope) => {
    if (envelope.command.kind !== kind) {
      const message = `This executor performs ${kind}, not ${envelope.command.kind}. Register it under its own kind.`;
      throw new PawlError("runtime_effect_local_executor_mismatch", message);
    }
    envelopes.push(envelope);
    return perform(envelope);
  };
  return Object.assign(executor, { envelopes });
}

/** Answers waits at once, by what they wait for: for tests of turns that wait, without a store of waits. */
export function answeringExecutor(
  answer: (
    reason: Extract<EffectEnvelope["command"], { kind: "await_event" }>["reason"],
  ) => Extract<EffectOutcome, { kind: "await_event" }>["resolution"],
): TestingExecutor<"await_event"> {
  return testingExecutor("await_event", ({ command }) => {
    if (command.kind !== "await_event") throw new PawlError("internal_error", "A wait was expected.");
    return { kind: "await_event", resolution: answer(command.reason) };
  });
}
