import { type EffectEnvelope, type Json, PawlError } from "@pawl/core";
import type { ToolContext } from "@pawl/core/ports";
import type { EffectContext } from "../controller/effect-controller.ts";
import { storableWithSize } from "../storable.ts";

/** A step's value goes back into the body, so it cannot be stored by reference. In UTF-16 code units of its JSON. */
const MAX_STEP_CHARS = 1024 * 1024;

type Step = NonNullable<ToolContext["step"]>;

/**
 * The steps of a composite body (D14): what is recorded is answered from the record, also when the body is entered again by a
 * retry. Each entry of the body has its own `step`, which begins nothing once that entry is told to stop.
 */
export function compositeSteps(
  envelope: EffectEnvelope,
  { journal }: EffectContext,
): (signal: AbortSignal) => Step {
  const done = new Map(journal?.recorded(envelope)?.steps);
  return (signal) => {
    const used = new Set<string>();
    return async (stepId, run) => {
      if (used.has(stepId)) {
        throw new PawlError(
          "duplicate_step_id",
          `The step "${stepId}" occurs twice in one body. Give each step an id of its own.`,
        );
      }
      used.add(stepId);
      const recorded: Json | undefined = done.get(stepId);
      if (recorded !== undefined) return recorded;
      signal.throwIfAborted();
      const { value, chars } = storableWithSize(await run());
      if (chars > MAX_STEP_CHARS) {
        throw new PawlError(
          "step_value_too_large",
          `The step "${stepId}" was performed, and its value is too large to be recorded. Return less from it, or a reference.`,
        );
      }
      await journal?.step(envelope, stepId, value);
      done.set(stepId, value);
      return value;
    };
  };
}
