import type { ExecutionScope } from "../effects/scope.ts";
import type { SessionId, TurnId } from "../ids.ts";
import type { Json } from "../json.ts";
import type { SessionOwner } from "../session-owner.ts";
import type { ResolvedBy } from "../waits/await-event-table.ts";
import type { Resolution, WaitIdentity } from "../waits/wait-identity.ts";

export interface NewAwaitEvent {
  readonly keyId: string;
  readonly scope: ExecutionScope;
  readonly wait: WaitIdentity;
  readonly sessionId: SessionId | null;
  readonly turnId: TurnId | null;
  /** Absolute, milliseconds since the epoch: a crash does not restart it. Null: it never times out. */
  readonly dueAt: number | null;
  /** What people see of it. */
  readonly info: Json;
}

export interface AwaitEventRecord extends NewAwaitEvent {
  readonly terminal: Resolution | null;
  readonly resolvedBy: ResolvedBy | null;
  /** Milliseconds since the epoch by the store's clock. */
  readonly createdAt: number;
  readonly resolvedAt: number | null;
}

/** What an event is taken for: its whole info as it was read, or what the info says of its `type`. */
export type AwaitEventMatch = { readonly info: Json } | { readonly infoType: string };

export type ResolveResult =
  | { readonly status: "accepted"; readonly record: AwaitEventRecord }
  | { readonly status: "already_resolved"; readonly record: AwaitEventRecord }
  /** Absent and revoked look the same. */
  | { readonly status: "unknown_or_revoked" };

/**
 * Rows of one-shot events. What they mean is decided by `waits/await-event-table.ts`; whoever calls has checked the key. The commit
 * that ends a turn settles what is left of its events as cancelled.
 */
export interface AwaitEventRows {
  /**
   * Makes the wait visible and its deadline durable. Known already: returned as it is, with the resolution that came before, if
   * any; the first due time and info stay. Null when the key or its session was revoked.
   */
  register(event: NewAwaitEvent): Promise<AwaitEventRecord | null>;
  /**
   * Writes the winner, marks the event's session for wake-up and hints, in one transaction (D15). An event that nobody registered
   * yet is made from `event` (resolve before wait); without one it is unknown.
   */
  resolve(
    keyId: string,
    resolution: Resolution,
    by: ResolvedBy,
    event?: NewAwaitEvent,
  ): Promise<ResolveResult>;
  /**
   * As `resolve`, of an event that is open and is what `as` says, so that nobody has to read it first. Undefined when it is not, or when
   * that takes a closer look: then nothing was written, and whoever asks looks and uses `resolve`.
   */
  resolveOpen(
    keyId: string,
    resolution: Resolution,
    by: ResolvedBy,
    as: AwaitEventMatch,
  ): Promise<AwaitEventRecord | undefined>;
  load(keyId: string): Promise<AwaitEventRecord | null>;
  /** Unresolved events, oldest first. With `owner` only those of that one's sessions. */
  pending(query: {
    readonly sessionId?: SessionId;
    readonly owner?: SessionOwner;
    readonly limit: number;
  }): Promise<readonly AwaitEventRecord[]>;
  /** Settles what is overdue with `timeout`, with no waiter alive. @returns how many, and when the next is due */
  settleDue(limit: number): Promise<{ readonly settled: number; readonly nextDueAt: number | null }>;
  /** Whether this event, or its session, was revoked: then nothing may be made for it any more. */
  isRevoked(event: Pick<NewAwaitEvent, "keyId" | "sessionId">): Promise<boolean>;
  /** It is unknown from now on. Whoever waits for it is woken as by a resolution, and finds that out. */
  revoke(keyId: string): Promise<void>;
  /** Revokes all events of a session as `revoke` does, and those that would be registered for it. Kept for ever: ids are single-use. */
  revokeSession(sessionId: SessionId): Promise<void>;
  /** Deletes resolved events, but for approvals (`info.type` is `approval`), that were resolved before `before` (milliseconds since the epoch), at most `limit`. @returns how many */
  prune(before: number, limit: number): Promise<number>;
  /** Hints that an event was resolved or revoked; they may be lost. */
  onResolved(listener: (keyId: string) => void): () => void;
}
