import type { EffectId } from "../ids.ts";
import type { EffectCommand } from "./command.ts";
import { replayKey } from "./replay-key.ts";
import type { ExecutionScope } from "./scope.ts";

/** Why an effect is performed, for traces. */
export type Cause =
  | { readonly type: "turn"; readonly iteration: number }
  | { readonly type: "effect"; readonly effectId: EffectId }
  | { readonly type: "input"; readonly inputId: string }
  | { readonly type: "host"; readonly label: string };

/** A command on its way to an executor: who owns it, where it stands, what it asks for and why. Plain JSON. */
export interface EffectEnvelope<Command extends EffectCommand = EffectCommand> {
  readonly scope: ExecutionScope;
  readonly effectId: EffectId;
  readonly replayKey: string;
  readonly command: Command;
  readonly cause: Cause;
}

export function createEnvelope<Command extends EffectCommand>(
  scope: ExecutionScope,
  effectId: EffectId,
  command: Command,
  cause: Cause,
): EffectEnvelope<Command> {
  return { scope, effectId, replayKey: replayKey(scope, effectId), command, cause };
}
