import type { Message } from "../conversation/message.ts";
import type { Usage } from "../conversation/usage.ts";
import type { InputId, NodeId, SessionId, TurnId } from "../ids.ts";
import type { NewInputState } from "../inputs/input-ledger.ts";
import type { BoundaryKind, CommitReceipt } from "../inputs/receipt.ts";
import type { RuntimeState } from "../inputs/runtime-state.ts";
import type { LogRow } from "../log/log-row.ts";
import type { SessionOwner } from "../session-owner.ts";
import type { TurnConfig } from "../turn/config.ts";
import type { CancelEvidence, TurnOutcome } from "../turn/outcome.ts";
import type { Resolution } from "../waits/wait-identity.ts";
import type { NewAwaitEvent } from "./await-events.ts";
import type { Fence } from "./leases.ts";
import type { OutboxItem } from "./outbox.ts";

export interface SessionRecord {
  readonly sessionId: SessionId;
  /** `running` while a turn is open, whether it is driven or parked; then again what it was before. */
  readonly runtimeState: RuntimeState;
  /** Number of committed boundaries that changed the session. */
  readonly revision: number;
  readonly messageCount: number;
  /** Digest of the last receipt. */
  readonly lastDigest: string | null;
  readonly openTurn: TurnId | null;
  readonly parked: boolean;
  readonly blocked: { readonly code: string; readonly message: string } | null;
  /** Nobody claims it until it is resumed. */
  readonly paused: boolean;
  /** The living node that drives it now. */
  readonly holder: NodeId | null;
  readonly createdAt: number;
}

export interface SessionSnapshot {
  readonly revision: number;
  readonly messages: readonly Message[];
}

export interface NewTurn {
  readonly turnId: TurnId;
  /** The inputs that begin it; they become `staged`. */
  readonly inputIds: readonly InputId[];
  readonly configHash: string;
  readonly config: TurnConfig;
  /** Ordinal 0, with the begin input. */
  readonly row: LogRow;
}

export interface Boundary {
  readonly runId: TurnId;
  readonly boundary: BoundaryKind;
  /** For `turn_end`; the store seals the cancel gate with it. */
  readonly outcome: TurnOutcome | null;
  readonly usage: Usage;
  /** Messages to append, or null for a boundary that leaves the session as it is. */
  readonly delta: { readonly baseRevision: number; readonly messages: readonly Message[] } | null;
  /**
   * Inputs of this run that become `consumed`. The store asserts that it settled exactly these (D19). Steering inputs that the
   * run had claimed and that its `turn_end` does not name go back to the queue; a `next` input must be named.
   */
  readonly inputIds: readonly InputId[];
  /** Work that follows, in order. It is no part of the receipt, and a repeated commit adds none (D21, D23). */
  readonly outbox?: readonly OutboxItem[];
  /**
   * Await-events of other sessions that wait for this boundary: settled, and their sessions marked for wake-up, in the same
   * transaction (D22). The first resolution wins here too; an event that nobody registered yet is made.
   */
  readonly settles?: readonly { readonly event: NewAwaitEvent; readonly resolution: Resolution }[];
  /** The last row of the turn, built from the receipt; absent for boundaries without one. */
  readonly row?: (receipt: CommitReceipt) => LogRow;
  /**
   * For `turn_end`: rows of the turn whose numbers come right before that of `row`, written with it, unless an input wants to steer the turn
   * (D19). A store need not do that: see `apart`.
   */
  readonly before?: readonly LogRow[];
}

export type CommitResult =
  | { readonly status: "committed"; readonly receipt: CommitReceipt }
  /** A cancel request was there before the gate could be sealed: commit the cancelled form (D18). Nothing was written. */
  | { readonly status: "cancelled_first"; readonly evidence: CancelEvidence }
  /** It cannot be committed with the rows in `before`. Nothing was written: append them first, and commit without. */
  | { readonly status: "apart" };

export type CancelRequest =
  | { readonly status: "requested"; readonly evidence: CancelEvidence }
  | { readonly status: "already_requested"; readonly evidence: CancelEvidence }
  | { readonly status: "completion_won"; readonly outcome: TurnOutcome }
  | { readonly status: "unknown" };

/** A committed turn, read back. */
export interface CommittedTurn {
  readonly receipt: CommitReceipt;
  readonly usage: Usage;
  /** Milliseconds since the epoch by the store's clock. */
  readonly committedAt: number;
}

/** How much there is, and how much of it waits. */
export interface SessionCounts {
  readonly sessions: number;
  /** Turns that were begun and are neither parked nor blocked. */
  readonly runningTurns: number;
  readonly parkedTurns: number;
  readonly blockedTurns: number;
  /** Inputs that no turn has taken yet, due or not. */
  readonly queuedInputs: number;
  /** How long the input that has been due longest has waited, in milliseconds by the store's clock; 0 when none is due. */
  readonly oldestDueMs: number;
}

/** Sessions, their transcripts and the boundaries that are committed to them. */
export interface Sessions {
  load(sessionId: SessionId): Promise<SessionRecord | null>;
  /** Most recently used first. With `owner` only the sessions of that one. */
  list(query: { readonly limit: number; readonly owner?: SessionOwner }): Promise<readonly SessionRecord[]>;
  /** With `owner` only of the sessions of that one. */
  counts(query?: { readonly owner?: SessionOwner }): Promise<SessionCounts>;
  /** Exactly what was committed: every message of the session, and the revision that they are of. Null when there is no session. */
  loadSessionSnapshot(sessionId: SessionId): Promise<SessionSnapshot | null>;
  /** Null when there is no session. */
  loadRuntimeState(sessionId: SessionId): Promise<RuntimeState | null>;
  /** As `commitLifecycle` without inputs. */
  persistRuntimeState(sessionId: SessionId, state: RuntimeState): Promise<void>;
  /**
   * The runtime state and inputs in one unit; a session that is not there is made. `retired`: it drains what it has and takes
   * nothing new, also while a turn of it runs. `stopped`, `destroyed`: everything that has not ended is abandoned, an open turn is
   * cut off, what it waited for is cancelled, agents that it waited for are asked to end, and its holder can write nothing more. The
   * same again changes nothing.
   *
   * @throws PawlError `runtime_transition_illegal`, and what `Inbox.persistInputState` throws: then nothing is written
   */
  commitLifecycle(
    sessionId: SessionId,
    state: RuntimeState,
    inputs?: readonly NewInputState[],
  ): Promise<{ readonly abandoned: readonly InputId[] }>;
  /**
   * Paused: from now on no node claims the session, and its holder finds no further input that begins a turn; what is under way ends,
   * waits or is left as it is. Inputs, answers and cancel requests are taken all the same and count once it is resumed, with a hint that
   * there is work. False when there is no such session.
   */
  setPaused(sessionId: SessionId, paused: boolean): Promise<boolean>;
  /** Messages in order, from `from` (default 0) on. */
  transcript(sessionId: SessionId, from?: number): Promise<readonly Message[]>;
  /**
   * Stores the configuration by content, stages the inputs, opens the turn and appends its first row, all or nothing (D7).
   * The same again by the same holder (after a lost response) is recognised and accepted.
   *
   * @throws PawlError `store_fenced`, `store_conflict` (a turn is open, the turn id was used, an input is not queued here, the
   * row's number is not the next), `not_storable`
   */
  beginTurn(fence: Fence, turn: NewTurn): Promise<void>;
  loadConfig(hash: string): Promise<TurnConfig | null>;
  /**
   * The one commit verb: delta, receipt, input settlement, gate and last row, all or nothing. Order of checks (D20): the same
   * boundary already committed gives its receipt again (other content: `store_conflict`); then the fence; then the head. The
   * same boundary: equal run, kind, outcome, inputs, messages and base revision.
   *
   * `turn_end` needs the run to be the session's open turn, ends it, and is the run's last. The others need no open turn; but
   * while a turn is open only that turn changes the session.
   *
   * @throws PawlError `store_fenced`, `store_conflict`, `not_storable`, `store_write_failed`, `store_outcome_unknown` (commit again)
   */
  commit(fence: Fence, boundary: Boundary): Promise<CommitResult>;
  /** Null when there is none. */
  loadBoundaryReceipt(sessionId: SessionId, runId: TurnId, sequence: number): Promise<CommitReceipt | null>;
  /** The turn's `turn_end` boundary. */
  loadCommitted(turnId: TurnId): Promise<CommittedTurn | null>;
  /** Receipts in the order of the chain. */
  receipts(sessionId: SessionId): Promise<readonly CommitReceipt[]>;
  /**
   * Asks for the end of a turn, also of one that has not begun and with no worker alive; marks its session for wake-up in the same
   * transaction (D4, D18). The first request stays: any later one, also the same again, is `already_requested`, and so it is after
   * the turn ended as cancelled. A turn is known once an input with `next` names it, or once it has begun.
   */
  requestCancel(
    turnId: TurnId,
    request: { readonly requestId: string; readonly origin: string; readonly reason?: string },
  ): Promise<CancelRequest>;
  /** The request that waits for this turn, if any; null once the turn has ended. */
  pendingCancel(turnId: TurnId): Promise<CancelEvidence | null>;
}
