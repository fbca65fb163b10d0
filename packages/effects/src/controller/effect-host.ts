import type { ExecutionScope } from "@pawl/core";
import { type AwaitEvents, unsupportedAwaitEvents } from "../await-events/await-events.ts";
import type { EffectController } from "./effect-controller.ts";
import { type ScopedEffectController, scopedController } from "./scoped.ts";

/** What performs effects for whoever owns a scope, and what it can promise. */
export interface EffectHost {
  readonly tier: EffectController["tier"];
  readonly requiresDurableAttachmentStore: boolean;
  readonly supportsDurableEffects: boolean;
  readonly awaits: AwaitEvents;
  scoped(scope: ExecutionScope): ScopedEffectController;
  /** A scoped controller that outlives its caller, or undefined where there is none. */
  scopedStatic(scope: ExecutionScope): ScopedEffectController | undefined;
}

/** A host over one controller. It has what the controller has; without `awaits` it refuses to wait. */
export function createEffectHost(
  controller: EffectController,
  options: { readonly awaits?: AwaitEvents } = {},
): EffectHost {
  const durable = controller.tier === "durable";
  return {
    tier: controller.tier,
    requiresDurableAttachmentStore: durable,
    supportsDurableEffects: durable,
    awaits: options.awaits ?? unsupportedAwaitEvents,
    scoped: (scope) => scopedController(controller, scope),
    scopedStatic: (scope) => scopedController(controller, scope),
  };
}
