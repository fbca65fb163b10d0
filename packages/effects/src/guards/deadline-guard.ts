import type { Clock } from "@pawl/core/ports";
import type { EffectContext } from "../controller/effect-controller.ts";
import type { Guard } from "../controller/journaled.ts";
import { refusalOutcome } from "./refusal.ts";

/** Refuses what would begin after its deadline (milliseconds since the epoch; undefined: it has none). */
export function deadlineGuard(
  deadlineOf: (context: EffectContext) => number | undefined,
  clock: Clock,
): Guard {
  return async (envelope, context) => {
    const deadline = deadlineOf(context);
    if (deadline === undefined || clock.now() < deadline) return undefined;
    const message = "The time in which this could be begun is over.";
    return refusalOutcome(envelope.command, { code: "deadline_passed", message });
  };
}
