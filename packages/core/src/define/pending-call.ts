import type { WaitIdentity } from "../waits/wait-identity.ts";

/** What a tool wants to happen while its answer is outstanding. */
export interface PendingOptions {
  /** Absolute, milliseconds since the epoch. It is stored with the wait: a crash does not restart it. */
  readonly deadline?: number;
  /** The same from now on, in milliseconds. Without either it waits until somebody answers. */
  readonly timeoutMs?: number;
  /** At the deadline: `tell_model` (default) goes on and says so, `fail_turn` ends the turn. */
  readonly onTimeout?: "tell_model" | "fail_turn";
  /**
   * An answer that comes after the turn has ended without it: `tell_session` (default) makes it an input of the session (D18), `forget`
   * tells whoever answers that it is too late.
   */
  readonly onCancel?: "tell_session" | "forget";
  /** What people see of the wait. */
  readonly note?: string;
  /**
   * The id of a background task whose end answers the call, by itself. Start the task with `{ wake: run.sessionId }`. Somebody with the
   * key may still be faster.
   */
  readonly task?: string;
  /** Whose key it is, for the record. */
  readonly for?: string;
}

/**
 * A call that is answered later. Hand `key` to whoever will answer and return the whole to say "later"; only `ctx.pending` makes one,
 * so no call can be pending that nobody can answer.
 */
export interface PendingCall {
  /** Of the await-event: no secret. */
  readonly id: string;
  /** The capability to answer, as text that fits a URL: a secret. The same at every attempt of the call. */
  readonly key: string;
  readonly "~pending": true;
}

/** How a pending call waits: what an executor makes of a `PendingCall`. */
export interface PendingLaunch {
  readonly status: "pending";
  readonly wait: WaitIdentity;
  readonly deadline?: number;
  readonly onTimeout: "tell_model" | "fail_turn";
  readonly onCancel?: "tell_session" | "forget";
  readonly note?: string;
  readonly task?: string;
}
