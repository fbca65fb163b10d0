import type { EffectKind } from "../effects/command.ts";
import type { EffectOutcome, SteeredInput } from "../effects/outcome.ts";
import type { CallId, EffectId, SessionId, TurnId } from "../ids.ts";
import type { CancelEvidence } from "./outcome.ts";
import type { TimerName } from "./timers.ts";

/**
 * Everything that may be fed to `step`. Each is one journal row with a dense ordinal (D6) and carries `now`,
 * milliseconds since the epoch, taken once when the row was made.
 */
export type TurnInput =
  | {
      readonly type: "begin";
      readonly now: number;
      readonly sessionId: string;
      readonly turnId: string;
      readonly inputs: readonly SteeredInput[];
      /** Where the session stood: the revision and the number of messages that precede this turn. */
      readonly base: { readonly revision: number; readonly messages: number };
      /** The turn works for another one. */
      readonly parent?: ParentTurn;
      /** The cancel gate as it was when the turn began (D18): a turn that was cancelled before performs nothing. */
      readonly cancel?: CancelEvidence;
      /** The turn could not be prepared (a tool server that does not start, say): it ends at once and says why. */
      readonly refusal?: { readonly code: string; readonly message: string };
    }
  | {
      readonly type: "effect_settled";
      readonly now: number;
      readonly effectId: EffectId;
      readonly outcome: EffectOutcome;
    }
  | { readonly type: "timer_fired"; readonly now: number; readonly timer: TimerName }
  | { readonly type: "cancel_requested"; readonly now: number; readonly evidence: CancelEvidence }
  /** The host cannot go on with this turn: its attempts are used up (D17), or its tools cannot be had. */
  | { readonly type: "give_up"; readonly now: number; readonly code: string; readonly message: string };

/** One step from a turn to an agent that works for it: whose call it is, and the turn that works on it. */
export interface AgentStep {
  readonly agent: string;
  /** Of the call, in the turn above. */
  readonly callId: CallId;
  readonly sessionId: SessionId;
  readonly turnId: TurnId;
}

/** For whom a turn works. */
export interface ParentTurn {
  readonly sessionId: SessionId;
  readonly turnId: TurnId;
  /** From the turn that works for nobody down to this one, which is the last step. */
  readonly path: readonly AgentStep[];
}

/** The name of an input in the transitions table: settlements are told apart by the kind of their outcome. */
export type InputName = "begin" | "timer_fired" | "cancel_requested" | "give_up" | `settled:${EffectKind}`;

export function inputName(input: TurnInput): InputName {
  return input.type === "effect_settled" ? `settled:${input.outcome.kind}` : input.type;
}
