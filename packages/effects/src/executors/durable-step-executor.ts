import type { Json } from "@pawl/core";
import type { EffectExecutor } from "../controller/effect-controller.ts";
import { executorMismatch } from "../errors.ts";
import { storable } from "../storable.ts";

export type DurableStep = (input: Json, context: { readonly signal: AbortSignal }) => Promise<Json>;

/** Performs `durable_step` by the id under which the step was registered, so that it is found again after a restart. */
export function durableStepExecutor(
  steps: Readonly<Record<string, DurableStep>>,
): EffectExecutor<"durable_step"> {
  return async ({ command }, { signal }) => {
    const step = Object.hasOwn(steps, command.stepId) ? steps[command.stepId] : undefined;
    if (step === undefined)
      throw executorMismatch(`durable step (which has no step "${command.stepId}")`, command.kind);
    return { kind: "durable_step", value: storable(await step(command.input, { signal })) };
  };
}
