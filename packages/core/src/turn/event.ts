import type { CheckpointKind, WaitReason } from "../effects/command.ts";
import type { CallId, EffectId, InputId } from "../ids.ts";
import type { LimitName } from "./limits.ts";
import type { CancelEvidence, TurnOutcome } from "./outcome.ts";

/** Why a call was answered without being performed. `tool_not_run`: the turn's protocol chose to go on without it. */
export type RefusalCode =
  | "tool_unknown"
  | "tool_input_invalid"
  | "tool_not_run"
  | "turn_cancelled"
  | "turn_ended"
  | "limit_reached";

/**
 * What the machine decided by itself and no effect's outcome shows. Stored with the row of the input that caused it.
 */
export type MachineEvent =
  /** A call of the model that was answered without being performed. */
  | {
      readonly type: "tool.refused";
      readonly callId: CallId;
      readonly name: string;
      readonly code: RefusalCode;
      readonly message: string;
    }
  | {
      readonly type: "input.consumed";
      readonly inputId: InputId;
      readonly boundary: "begin" | CheckpointKind;
    }
  | { readonly type: "limit.reached"; readonly limit: LimitName }
  | { readonly type: "wait.opened"; readonly effectId: EffectId; readonly reason: WaitReason }
  | { readonly type: "turn.cancelling"; readonly evidence: CancelEvidence }
  | { readonly type: "turn.ended"; readonly outcome: TurnOutcome };
