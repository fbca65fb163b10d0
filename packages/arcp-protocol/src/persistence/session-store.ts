import type { Feature } from "../session/features.ts";
import type { Awaitable } from "./awaitable.ts";

/** What lasts of a session. */
export interface SessionRecord {
  sessionId: string;
  /** Whose session it is: the id that authentication gave. */
  principal: string;
  /** SHA-256 of the newest resume token. The token itself is never stored. */
  tokenHash: string;
  features: Feature[];
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Until when it can be resumed; absent while a connection is attached. */
  expiresAt?: number | undefined;
}

/** A session as its new holder finds it. */
export interface ClaimedSession extends SessionRecord {
  /** Every write of the holder carries it; a later claim makes it stale. */
  epoch: number;
  /** The last number of its stream. */
  lastEventSeq: number;
  acked: number;
}

/**
 * Sessions. A store may forget one whose `expiresAt` is past and that has no unfinished job. One process at a time holds a session: `claim` fences the holder before it, also one that is stalled
 * and comes back.
 */
export interface SessionStore {
  /** Stores a new session, held by the caller; gives its first epoch. */
  create(record: SessionRecord): Awaitable<number>;
  /** Reads without claiming. */
  get(sessionId: string): Awaitable<ClaimedSession | undefined>;
  /** Takes the session over. Undefined when it does not exist. */
  claim(sessionId: string): Awaitable<ClaimedSession | undefined>;
  /**
   * Takes over sessions that have unfinished jobs and whose holder is known to be dead, each for one caller only. Absent
   * where one process alone uses the store.
   */
  claimOrphans?(limit: number): Awaitable<readonly ClaimedSession[]>;
  /** Calls back when a session may have been claimed by another process. Only a hint. */
  onClaimed?(listener: (sessionId: string) => void): () => void;
  /** Changes it; false when the epoch is stale. An `expiresAt` of undefined means "attached". */
  update(
    sessionId: string,
    epoch: number,
    change: { tokenHash?: string; features?: Feature[]; expiresAt?: number | undefined },
  ): Awaitable<boolean>;
  /** Forgets it and its event stream; the jobs stay. */
  remove(sessionId: string, epoch: number): Awaitable<void>;
}
