import { PawlError } from "@pawl/core";
import type { Clock } from "@pawl/core/ports";
import type { EffectExecutor } from "../controller/effect-controller.ts";
import { sleepUntil, systemClock } from "../system-clock.ts";

/** Performs `sleep` until its absolute due time. @throws PawlError `runtime_effect_sleep_cancelled` on abort */
export function sleepExecutor({
  clock = systemClock,
}: {
  readonly clock?: Clock;
} = {}): EffectExecutor<"sleep"> {
  return async (envelope, context) => {
    try {
      await sleepUntil(clock, envelope.command.dueAt, context.signal);
    } catch (cause) {
      throw new PawlError("runtime_effect_sleep_cancelled", "The sleep was cancelled before it was over.", {
        cause,
      });
    }
    return { kind: "sleep" };
  };
}
