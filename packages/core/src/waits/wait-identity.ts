import { PawlError } from "../errors.ts";
import type { Json } from "../json.ts";

/** What an await-event waits for, within its scope. */
export type WaitIdentity =
  | { readonly type: "tool_completion"; readonly callId: string }
  | {
      readonly type: "process_signal";
      readonly processId: string;
      readonly signal: string;
      readonly ordinal: number;
    }
  | { readonly type: "cancel_gate" }
  | { readonly type: "turn_terminal" }
  /** The end of a turn in a session of its own that this one began (D22): that turn's commit settles it. */
  | { readonly type: "child_turn"; readonly sessionId: string; readonly turnId: string }
  | { readonly type: "custom"; readonly key: string };

/** Returns the identity. @throws PawlError `invalid_await_event_wait_identity` for blank ids or an ordinal below 1. */
export function checkWaitIdentity(wait: WaitIdentity): WaitIdentity {
  const blank = (text: string) => text.trim() === "";
  const invalid =
    wait.type === "tool_completion"
      ? blank(wait.callId)
      : wait.type === "process_signal"
        ? blank(wait.processId) ||
          blank(wait.signal) ||
          !Number.isSafeInteger(wait.ordinal) ||
          wait.ordinal < 1
        : wait.type === "child_turn"
          ? blank(wait.sessionId) || blank(wait.turnId)
          : wait.type === "custom" && blank(wait.key);
  if (invalid) {
    throw new PawlError(
      "invalid_await_event_wait_identity",
      "An await-event needs non-empty stable ids, and a process signal an ordinal of at least 1.",
    );
  }
  return wait;
}

/** How a wait ended. The first resolution wins; later ones learn the winner. */
export type Resolution =
  | { readonly status: "ok"; readonly payload: Json }
  | {
      readonly status: "err";
      readonly payload: { readonly code: string; readonly message: string; readonly raw?: Json };
    }
  | { readonly status: "timeout" }
  | { readonly status: "cancelled" };
