import type { ProcessId, SessionId } from "../ids.ts";
import type { ProcessRecord } from "../processes/fold.ts";
import type { ProcessEvent, ProcessEventBody } from "../processes/process-event.ts";
import type { NodeLease } from "./leases.ts";

/** What every write of a process's owner proves within its transaction. */
export interface ProcessFence {
  readonly node: NodeLease;
  readonly processId: ProcessId;
  readonly epoch: number;
}

export interface ProcessAppend {
  readonly processId: ProcessId;
  /** Unique per process: the same bodies again return the first events, other bodies are `store_conflict`. */
  readonly key: string;
  /** At least one; all or nothing, in this order. */
  readonly bodies: readonly ProcessEventBody[];
  /** Of the owner, for what only an owner says. */
  readonly fence?: ProcessFence;
  /** Of a node that has a place for what is registered here; without a fence. */
  readonly claim?: ClaimRegistered;
}

/**
 * A rerunnable process that is registered by a node with its body is that node's from its begin, and entered: `started` follows in its
 * log, in the same transaction. Not so, and registered like any other, when the lease does not hold any more, the node is paused, or
 * another process of these names waits for a node: that one comes first. Nor may it be where the store has opened no node and so has not
 * learnt what time it is there.
 */
export interface ClaimRegistered {
  readonly lease: NodeLease;
  /** Whose bodies the claimer has. */
  readonly names: readonly string[];
}

export interface ProcessAppended {
  /** As it is now. */
  readonly record: ProcessRecord;
  /** What was appended under this key; empty when everything was so already. */
  readonly events: readonly ProcessEvent[];
  /** The key was known. */
  readonly duplicate: boolean;
  /** It is the caller's, who enters its body now. Only where `ProcessAppend.claim` asked for it. */
  readonly claim?: ProcessClaim;
}

/** A process that this node owns from now on. */
export interface ProcessClaim {
  readonly fence: ProcessFence;
  readonly record: ProcessRecord;
  /** `started` is in its log already, see `ClaimProcesses.enter`. */
  readonly entered: boolean;
}

export interface ClaimProcesses {
  /** Whose bodies the claimer has. */
  readonly names: readonly string[];
  readonly limit: number;
  /**
   * Whoever claims enters the bodies at once: those that `isEnteredAtClaim` get their `started` in the transaction of the claim. For the
   * others it is the claimer's to decide. Absent: none is entered.
   */
  readonly enter?: { readonly maxStartsInARow: number };
}

export interface ProcessQuery {
  /** Only those that this session was granted. */
  readonly sessionId?: SessionId;
  /** Only those that have not ended. */
  readonly live: boolean;
  /** Ids that come later in order, for the next page. */
  readonly after?: ProcessId;
  readonly limit: number;
}

export type ProcessListener = (processId: ProcessId | undefined, record?: ProcessRecord) => void;

/** Background tasks: one append-only log each, and who runs them. What may enter a log is decided by `processes/process-table.ts`. */
export interface Processes {
  /**
   * Appends to the log and keeps the record as its fold; when an event wakes, the wake target's wake mark is set in the same
   * transaction (D4). A known key is answered before anything else is looked at.
   *
   * @throws PawlError `process_unknown`, `process_ended`, `process_signal_invalid`, `process_not_owner`, `process_evidence_missing`,
   * `store_conflict`, `store_fenced`, `not_storable`, `store_write_failed`, `store_outcome_unknown` (append again)
   */
  append(append: ProcessAppend): Promise<ProcessAppended>;
  /** `watch`: what its owner writes from now on is to be hinted at wherever somebody listens. */
  load(processId: ProcessId, options?: { readonly watch?: boolean }): Promise<ProcessRecord | null>;
  /** In order of `seq`, without gaps. */
  events(
    processId: ProcessId,
    query?: { readonly after?: number; readonly limit?: number },
  ): Promise<readonly ProcessEvent[]>;
  /** In order of ids. */
  list(query: ProcessQuery): Promise<readonly ProcessRecord[]>;
  /**
   * Claims up to `limit` processes that have not ended and that no living node owns, oldest first: of these names, and owner-bound ones
   * of any name whose owner is gone. Never external ones. Raises their epochs. @throws PawlError `store_fenced`
   */
  claim(lease: NodeLease, request: ClaimProcesses): Promise<readonly ProcessClaim[]>;
  /**
   * Leaves a process: claimable again after `delayMs` by the store's clock. Leaving what nobody has claimed since changes
   * nothing. @throws PawlError `store_fenced`
   */
  release(fence: ProcessFence, options?: { readonly delayMs?: number }): Promise<void>;
  /**
   * Hints that the log of some process has grown by more than its owner's own notes (`tellsOthers`), or of any (undefined); they may be
   * lost, a poll is the truth. What is claimed as it is registered is no news: it waits for nobody. What an owner in another process of
   * the operating system writes is hinted at where it wakes somebody, or was asked for (`load` with `watch`). `record`: as it was then,
   * where it was this one that wrote; it may have changed since, but what has ended stays so.
   */
  onChange(listener: ProcessListener): () => void;
}
