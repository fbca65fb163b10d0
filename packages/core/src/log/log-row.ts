import type { LeftMessage } from "../effects/outcome.ts";
import type { EffectId, TurnId } from "../ids.ts";
import type { Json } from "../json.ts";
import type { MachineEvent } from "../turn/event.ts";
import type { TurnInput } from "../turn/input.ts";

/** Version of the shapes below. Older rows must decode for ever: see `codec/`. */
export const LOG_VERSION = 1;

/**
 * What a row of a session's log says. Journal and event log are the same rows (D5).
 * - `machine_input`: what was fed to `step`, with the turn's next ordinal (D6). For a settled effect also the command's
 *   must-match fields, so that a divergence can be explained; and what the machine decided by itself.
 * - `effect_intent`: an attempt that may happen at most once is about to begin (D12). Not fed to `step`.
 * - `step_done`: a step of a composite tool (D14). Not fed to `step`.
 * - `text_delta`, `attempt_reset`: display only; pruned some time after the commit (D24).
 * - `pruned`: stands for `rows` rows up to and with this number that were deleted (D8, D24): streamed text of a turn that is over, or
 *   the whole turn but its last row.
 * - `turn_committed`: the turn's last row, written in the commit's own transaction.
 */
export type LogBody =
  | {
      readonly kind: "machine_input";
      readonly input: TurnInput;
      readonly command?: Json;
      readonly events?: readonly MachineEvent[];
      /** In a turn's first row (ordinal 0): the behaviour version and the content hash of its configuration (D7). */
      readonly turn?: {
        readonly behaviour: string;
        readonly config: string;
        /** The turn shares another one's inputs up to this ordinal: rows with these ordinals are copies. */
        readonly forkOf?: { readonly sessionId: string; readonly turnId: string; readonly at: number };
      };
    }
  | {
      readonly kind: "effect_intent";
      readonly effectId: EffectId;
      readonly attempt: number;
      /** Of the writer: tells our own intent from one of a process that died. */
      readonly nonce: string;
      /** Milliseconds since the epoch by the store's clock; an attempt that did not begin by then never begins. */
      readonly startBefore: number;
      /** Estimated cost that is held until the outcome is known (D13), in integer nano US dollars. */
      readonly reservedNanoUsd?: number;
      /** The attempt is under way, and left these for the world outside: the intent is said again to keep them (D23). */
      readonly left?: readonly LeftMessage[];
    }
  | {
      readonly kind: "step_done";
      readonly effectId: EffectId;
      readonly stepId: string;
      readonly value: Json;
    }
  | {
      readonly kind: "text_delta";
      readonly effectId: EffectId;
      readonly attempt: number;
      readonly text: string;
    }
  | { readonly kind: "attempt_reset"; readonly effectId: EffectId; readonly attempt: number }
  | { readonly kind: "pruned"; readonly what: "text" | "turn"; readonly rows: number }
  | { readonly kind: "turn_committed"; readonly sequence: number; readonly digest: string };

/** One row of a session's log. `(session, seq)` is its key; `seq` starts at 1 and has no gap but those that `pruned` rows stand for. */
export interface LogRow {
  readonly seq: number;
  readonly turnId: TurnId;
  /** Dense per turn from 0; null for rows that are not fed to `step`. */
  readonly ordinal: number | null;
  /** Milliseconds since the epoch by the writer's clock. */
  readonly at: number;
  readonly body: LogBody;
}
