import type { SessionId, TurnId } from "../ids.ts";
import type { Json } from "../json.ts";
import type { NewInput } from "./inbox.ts";

/** Work that follows from a commit. It exists when the commit does, and only then (D23). */
export type OutboxItem =
  /**
   * An input of a session of the same store: accepted within the commit's own transaction, so exactly once. One that is refused
   * (`store_conflict`, `session_not_accepting`) undoes no commit: it becomes a dead letter. An idempotency key that is known there
   * already is no refusal.
   */
  | { readonly type: "input"; readonly input: NewInput }
  /**
   * For the world outside: handed out at least once, in the order of the commits of one session and topic. Whoever receives it tells
   * repetitions by the record's id.
   */
  | { readonly type: "message"; readonly topic: string; readonly payload: Json };

export interface OutboxRecord {
  /** `<digest of the receipt>/<index of the item>`. */
  readonly id: string;
  /** The session whose commit made it, and the run. */
  readonly sessionId: SessionId;
  readonly runId: TurnId;
  readonly item: OutboxItem;
  /** How often it was handed out. */
  readonly attempts: number;
  /** Nobody tries it again by itself. */
  readonly dead: boolean;
  /** Of the last attempt. */
  readonly failure: { readonly code: string; readonly message: string } | null;
  /** Milliseconds since the epoch by the store's clock. */
  readonly createdAt: number;
}

/** What commits left to be delivered. Rows are written by `Sessions.commit` and gone once they are delivered. */
export interface Outbox {
  /**
   * Accepts inputs that a commit could not at once, because a caller's transaction held their session. Exactly once, whoever calls and
   * how often. @returns how many it settled, and when there is something to look at again, milliseconds since the epoch by the store's clock
   */
  deliverInputs(limit: number): Promise<{ readonly settled: number; readonly nextDueAt: number | null }>;
  /**
   * Hands out messages of these topics that are due, at most `limit`: of each session and topic the oldest that is not dead. They come
   * again to whoever asks after `hideMs`, unless they were settled meanwhile.
   */
  take(request: {
    readonly topics: readonly string[];
    readonly limit: number;
    readonly hideMs: number;
  }): Promise<readonly OutboxRecord[]>;
  /** It has arrived, as it was handed out: `attempts` is the record's. False when it was handed out again since, or is gone. */
  delivered(id: string, attempts: number): Promise<boolean>;
  /** It has not. It comes again after `retryAfterMs`, or becomes a dead letter when that is null. False as for `delivered`. */
  failed(
    id: string,
    attempts: number,
    failure: { readonly code: string; readonly message: string },
    retryAfterMs: number | null,
  ): Promise<boolean>;
  /** Oldest first. */
  list(query: {
    readonly sessionId?: SessionId;
    readonly dead?: boolean;
    readonly limit: number;
  }): Promise<readonly OutboxRecord[]>;
  /** A dead letter is due again. False when there is none of this id. */
  revive(id: string): Promise<boolean>;
  /** A dead letter is forgotten. False when there is none of this id. */
  discard(id: string): Promise<boolean>;
  /** Hints that there are new messages; they may be lost, a poll is the truth. */
  onMessage(listener: () => void): () => void;
}
