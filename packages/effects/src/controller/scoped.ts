import {
  type Cause,
  type CommandOf,
  createEnvelope,
  type EffectId,
  type EffectKind,
  type ExecutionScope,
  type OutcomeOf,
  scopeId,
  scopeTurnId,
} from "@pawl/core";
import type { EffectContext, EffectController } from "./effect-controller.ts";

/** A controller bound to the scope that owns what it performs. */
export interface ScopedEffectController {
  readonly controller: EffectController;
  readonly scope: ExecutionScope;
  readonly scopeId: string;
  readonly turnId: string | undefined;
  execute<Kind extends EffectKind>(
    effectId: EffectId,
    command: CommandOf<Kind>,
    cause: Cause,
    context: EffectContext,
  ): Promise<OutcomeOf<Kind>>;
}

/** The scope was checked by its constructor (`executionScope`). */
export function scopedController(
  controller: EffectController,
  scope: ExecutionScope,
): ScopedEffectController {
  return {
    controller,
    scope,
    scopeId: scopeId(scope),
    turnId: scopeTurnId(scope),
    execute: (effectId, command, cause, context) =>
      controller.execute(createEnvelope(scope, effectId, command, cause), context),
  };
}
