import type { SessionOwner } from "@pawl/core";
import type { Backlog, NodeLease, SessionCounts, SessionRecord } from "@pawl/core/ports";
import type { Approvals } from "./approvals.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Nodes } from "./nodes.ts";
import type { PruneOptions, PruneReport } from "./prune.ts";
import type { Session } from "./session-handle.ts";
import type { Tasks } from "./tasks.ts";
import type { Turn } from "./turn-handle.ts";
import type { Waits } from "./waits.ts";

/**
 * What one caller sees of a host. Of the host itself that is everything. Of an owner it is the sessions of that owner and what belongs
 * to them, under the names that the owner gave: whatever belongs to somebody else is unknown, exactly as what never was.
 */
export interface HostView<Tx = never> {
  session(id: string): Session<Tx>;
  /** A turn by its id, from any process. @throws PawlError `turn_unknown` from its methods, when there is none. */
  turn(id: string): Turn;
  /** The most recently used first. Default limit 100. */
  sessions(query?: { readonly limit?: number }): Promise<readonly SessionRecord[]>;
  /** How many sessions, open turns and queued inputs there are. */
  counts(): Promise<SessionCounts>;
  /** Background tasks: start them, see them, signal them, await them. */
  readonly tasks: Tasks;
  /** What people and programs are asked for, and how they answer. */
  readonly waits: Waits;
  /** Calls that need somebody's approval, by id or by link, and the receipts of what was decided. */
  readonly approvals: Approvals;
}

export interface Host<Tx = never> extends HostView<Tx> {
  /**
   * The host as one principal sees it. A session that is begun through it belongs to that principal for ever; the host itself
   * sees it under its whole id, such as `@alice/s1`. @throws PawlError `invalid_principal`
   */
  as(owner: SessionOwner): HostView<Tx>;
  /**
   * Drives turns until `stop`. Resolves when turns can be accepted. Without it the first `send` begins to drive.
   *
   * @throws PawlError `node_closed` after `stop`; what the store throws
   */
  start(): Promise<void>;
  /**
   * Ends within `drainMs` (default 4 000): what runs then is aborted and resumed by whoever comes next. Called once more meanwhile, with less
   * time, it ends by the earlier of the two: `stop({ drainMs: 0 })` on a second signal ends it at once, and nothing is lost either way.
   * It is for good: who goes on makes another host. What is sent through this one afterwards is accepted, and driven by others.
   * The store is yours and stays open: `store.close()` lets go of its connections, and a process of its own ends then.
   */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
  /** Begins no further session on this node until `resume`; what it drives goes on, and other nodes take what comes. */
  pause(): void;
  resume(): void;
  /** For serverless: drives the turns and runs the background tasks that there are, and returns, at the latest after `maxMs`. @throws PawlError `node_closed` after `stop` */
  drain(options: { readonly maxMs: number }): Promise<{ readonly driven: number }>;
  /** The processes that drive sessions of this store: see them, pause, resume and drain them. */
  readonly nodes: Nodes;
  /** Sessions that wait for a node, on all of the store: for metrics. */
  backlog(): Promise<Backlog>;
  /**
   * The lease of this process, the only one it has (D1): for what else of it holds things under its name, such as sessions of clients. Is
   * another one after it was lost, and is given back by `stop`. @throws PawlError `node_closed`; what the store throws
   */
  nodeLease(): Promise<NodeLease>;
  /** True when turns can be accepted and driven now. */
  ready(): Promise<boolean>;
  /** What followed from commits and could not be delivered, on all of the store. */
  readonly deadLetters: DeadLetters;
  /** Deletes what is old and not needed any more, in batches, while everything goes on. @throws PawlError `prune_invalid` */
  prune(options: PruneOptions): Promise<PruneReport>;
}
