import type { NodeId, SessionId, TurnId } from "../ids.ts";
import type { CancelEvidence } from "../turn/outcome.ts";
import type { InputRecord } from "./inbox.ts";
import type { CommittedTurn } from "./sessions.ts";

/** One row per process. Its generation is raised when somebody takes it over (D1); the nonce tells two owners of one number apart (D27). */
export interface NodeLease {
  readonly nodeId: NodeId;
  readonly generation: number;
  readonly nonce: string;
  readonly ttlMs: number;
}

/** What every write of a session's holder proves within its transaction. Zero affected rows is `store_fenced`. */
export interface Fence {
  readonly node: NodeLease;
  readonly sessionId: SessionId;
  readonly epoch: number;
}

/** A session that this node owns from now on, and what there is to do. */
export interface SessionClaim {
  readonly sessionId: SessionId;
  readonly fence: Fence;
  /** Read after take-over: the holder allots `logHead + 1` next (D5). */
  readonly logHead: number;
  /** The turn that was begun and not committed. */
  readonly openTurn: TurnId | null;
  /**
   * Earlier claims in a row that ended in `retry` or in the loss of their owner and after which the log had not grown (D17).
   * A claim that was left as `idle`, `park` or `blocked`, or given back by `closeNode`, does not count; after `idle` and `park` the
   * count begins again.
   */
  readonly attempts: number;
  /** What the session may begin, read with the claim. Absent: a turn is open, or it has to be asked for. */
  readonly next?: NextTurn;
}

/** What `inbox.next`, `sessions.load` and `sessions.pendingCancel` would answer right after a claim, in one. */
export interface NextTurn {
  readonly input: InputRecord;
  /** Where the session stands. */
  readonly base: { readonly revision: number; readonly messages: number };
  /** A request for the end of the turn that came before it began. */
  readonly cancel: CancelEvidence | null;
}

export interface ClaimRequest {
  /** Only this session, or any. */
  readonly sessionId?: SessionId;
  readonly limit: number;
  /** Open turns of other behaviour versions are left for nodes that have them (D7). */
  readonly behaviours: readonly string[];
}

/** How a session is left. */
export type Release =
  /** Nothing to do until there is a new input. */
  | { readonly type: "idle" }
  /** Something went wrong: not claimable, for whatever reason, before this time (milliseconds from now, by the store's clock). */
  | { readonly type: "retry"; readonly delayMs: number }
  /** The open turn waits (D16): claimable by wake mark, interrupt, cancel, or when `dueAt` comes. */
  | { readonly type: "park"; readonly dueAt?: number }
  /** No node with this turn's behaviour, or a divergence: visible, resumable, consumes nothing (D7). */
  | { readonly type: "blocked"; readonly code: string; readonly message: string };

/** What waits to be claimed. */
export interface Backlog {
  /** Sessions that could be claimed now; counting stops at 10 000. */
  readonly ready: number;
  /** How long the oldest of them has been ready, in milliseconds; null when there is none. */
  readonly oldestAgeMs: number | null;
}

/** A process that drives sessions, or did. */
export interface NodeRecord {
  readonly nodeId: NodeId;
  /** Its lease holds now. */
  readonly alive: boolean;
  /** It begins with nothing new. */
  readonly paused: boolean;
  /** How many sessions it drives now. */
  readonly sessions: number;
  /** When its present, or last, generation began, milliseconds since the epoch by the store's clock. */
  readonly openedAt: number;
}

/** What a turn came to. Its receipt names it. */
export type EndedTurn = Pick<CommittedTurn, "receipt" | "usage">;

/**
 * Nodes and the sessions they own. The store's own clock decides what has run out (rules D1–D4, D16, D17).
 *
 * A session is claimable when its owner is gone (released, lease over, taken over, or its process known to be dead) and there is
 * something to do: an open turn that is neither parked nor blocked, a wake mark (of a resolution, an interrupt or a cancel
 * request), the due time of a parked turn, or, with no turn open and not blocked, a queued input that is due; while the runtime
 * state drives turns and the session is not paused.
 */
export interface Leases {
  /** Begins a new generation of this node. Every session that an earlier generation held becomes claimable at once. */
  openNode(nodeId: NodeId, options: { readonly ttlMs: number }): Promise<NodeLease>;
  /** @throws PawlError `store_fenced` when the lease ran out or was taken over: stop writing at once (D3). */
  renewNode(lease: NodeLease): Promise<void>;
  /** Gives everything back. Safe to call after the lease was lost. */
  closeNode(lease: NodeLease): Promise<void>;
  /**
   * Claims up to `limit` sessions, oldest need first, in one statement. Raises their epochs, clears their wake marks, and unparks
   * and unblocks them: when this owner dies at once, the open turn itself is what there is to do. Nodes whose lease ran out are
   * taken over first. @throws PawlError `store_fenced` when this node's own lease is lost.
   */
  claim(lease: NodeLease, request: ClaimRequest): Promise<readonly SessionClaim[]>;
  /**
   * Leaves a session. Resolves to false, and the session stays owned, when a park found the wake mark set (D16): look at
   * the waits again. The mark stays until the next claim, so when nothing is found, leave with `retry` and no delay. Leaving
   * again what nobody has claimed since changes nothing and is true: an answer that was lost can be asked for again. @throws
   * PawlError `store_fenced`, `store_conflict` (park without an open turn).
   */
  release(fence: Fence, how: Release): Promise<boolean>;
  /** For looking, by the store's clock: on it nothing depends. */
  backlog(): Promise<Backlog>;
  /** Living ones first, then those that were opened last. */
  nodes(query: { readonly limit: number }): Promise<readonly NodeRecord[]>;
  /**
   * Paused: its claims, of sessions and of background tasks, find nothing until it is resumed or opened anew; what it holds it keeps.
   * False when no living node has this name.
   */
  setNodePaused(nodeId: NodeId, paused: boolean): Promise<boolean>;
  /** Hints that there may be work, for this session or anywhere; they may be lost, a poll is the truth (D10, D28). */
  onWork(listener: (sessionId: SessionId | undefined) => void): () => void;
  /**
   * Hints that a session will need a node in `inMs` milliseconds, whoever made it so: a delayed input, a turn that sleeps. Told when
   * somebody here claims, of what the claim found to be too early. They may be lost.
   */
  onDue(listener: (inMs: number) => void): () => void;
  /**
   * Hints that a turn of the session may not move any more: it ended, or its holder has left it. They may be lost. Of rows alone, which
   * are many, it tells nothing: whoever waits for a result need not look at each. Of a turn that was ended in this process the store may
   * bring the end along, which is committed then and need not be read.
   */
  onRest(sessionId: SessionId, listener: (end?: EndedTurn) => void): () => void;
}
