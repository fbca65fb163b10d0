import type { SessionId } from "../ids.ts";
import type { PruneKind } from "../retention/prune-kind.ts";

export interface PruneRequest {
  readonly kind: PruneKind;
  /** What came to its end before this time by the store's clock, milliseconds since the epoch. */
  readonly before: number;
  /** Most turns, events, tasks, jobs, attachments, nodes or tokens of one call. */
  readonly limit: number;
}

/** A session that was erased: what outlives it are hashes. */
export interface ErasedSession {
  /** Milliseconds since the epoch by the store's clock. */
  readonly erasedAt: number;
  /** Digest of each receipt and of the one before it, in the order of the chain. */
  readonly chain: readonly { readonly digest: string; readonly previous: string | null }[];
  /** False while rows of it are still to be deleted: erase again. */
  readonly complete: boolean;
}

/**
 * How far an erasure came. `busy`: a node drives the session; it takes nothing new, its turn was asked to end, and it is erased when
 * that node has left it. `erasing`: nobody can come in any more, and more is to be deleted. `unknown`: there is no such session.
 */
export type EraseStep =
  | { readonly status: "unknown" }
  | { readonly status: "busy" }
  | { readonly status: "erasing" }
  | { readonly status: "erased"; readonly session: ErasedSession };

/**
 * Deletes what is not needed any more, in bounded batches, while everything else goes on. Receipts, tombstones and revocations are never
 * pruned (D8).
 */
export interface Retention {
  /** One batch. @returns how many turns, events, tasks, jobs, attachments, nodes or tokens; fewer than `limit`: there are no more for now */
  prune(request: PruneRequest): Promise<number>;
  /** How many `prune` would delete in all its batches, and deletes nothing. */
  countPrunable(request: Omit<PruneRequest, "limit">): Promise<number>;
  /**
   * One step of erasing a session: its log, messages, inputs, waits, turns, undelivered messages, the background tasks that only it sees,
   * and the attachments that only it needs. Configurations of agents are nobody's own and stay. From the first step on its id and those of its inputs and turns are taken for ever, and its
   * keys are revoked: of all that stay hashes. Call it until it says `erased`; again after a crash.
   */
  erase(sessionId: SessionId, options: { readonly limit: number }): Promise<EraseStep>;
  /** Null for a session that was not erased. */
  erased(sessionId: SessionId): Promise<ErasedSession | null>;
}
