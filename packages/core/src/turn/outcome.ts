import type { Json } from "../json.ts";
import type { LimitName } from "./limits.ts";

/** Who asked for the end of a turn, and why. */
export interface CancelEvidence {
  readonly requestId: string;
  /** Milliseconds since the epoch, of the store that recorded the request. */
  readonly requestedAt: number;
  readonly origin: string;
  readonly reason?: string;
}

/** How a turn ended. Waiting and blocked are states of an open turn and not among these. */
export type TurnOutcome =
  | {
      readonly status: "completed";
      readonly text: string;
      /** The structured answer, where one was asked for. */
      readonly output?: Json;
      /** The limit that forced this answer. */
      readonly limit?: LimitName;
    }
  | { readonly status: "failed"; readonly code: string; readonly message: string }
  | { readonly status: "cancelled"; readonly evidence: CancelEvidence };
