import type {
  CancelEvidence,
  CommitReceipt,
  InputId,
  InputLedgerEntry,
  JobId,
  JobSessionId,
  JsonObject,
  LogRow,
  Message,
  NodeId,
  ProcessEvent,
  ProcessId,
  ProcessOwner,
  ProcessRecord,
  RuntimeState,
  SessionId,
  TurnConfig,
  TurnId,
} from "@pawl/core";
import type {
  AwaitEventRecord,
  CommittedTurn,
  ErasedSession,
  InputRecord,
  JobDelivery,
  JobEvent,
  JobRecord,
  NewJob,
  NewJobSession,
  NodeLease,
  OutboxRecord,
  StoredAttachment,
  TokenRecord,
} from "@pawl/core/ports";
import { type NeedEntry, NeedQueue } from "./need-queue.ts";

/** A process and the sessions that its present generation holds. */
export interface NodeRow {
  readonly nodeId: NodeId;
  generation: number;
  /** Null when nobody holds the present generation: closed, or taken over. */
  nonce: string | null;
  expiresAt: number;
  paused: boolean;
  openedAt: number;
  readonly sessions: Set<SessionRow>;
}

/** A log row and who wrote it: a retry after a lost response recognises its own (D9). */
export interface WrittenRow {
  readonly row: LogRow;
  readonly writer: string;
}

export interface TurnRow {
  readonly turnId: TurnId;
  readonly sessionId: SessionId;
  readonly behaviour: string | null;
  readonly begunAt: number;
  committed: CommittedTurn | null;
  /** What of its log was deleted. */
  pruned: "text" | "turn" | null;
}

export interface SessionRow {
  readonly sessionId: SessionId;
  readonly createdAt: number;
  /** Larger is more recent. */
  used: number;
  runtimeState: RuntimeState;
  /** What the session returns to when its running turn ends. */
  restState: RuntimeState;
  revision: number;
  readonly messages: Message[];
  readonly receipts: CommitReceipt[];
  /** Receipts of each run, by sequence. */
  readonly runs: Map<TurnId, CommitReceipt[]>;
  /** Row n at index n - 1; null where it was deleted and a later row stands for it. */
  readonly log: (WrittenRow | null)[];
  /** All inputs in order of admission, those of them that are queued in the same order, and those that a run has taken. */
  readonly inputs: InputRecord[];
  readonly queued: InputId[];
  readonly staged: Set<InputId>;
  readonly keys: Map<string, InputId>;
  openTurn: TurnRow | null;
  owner: NodeRow | null;
  epoch: number;
  /** From when on the wake mark counts: later than now for an interrupt that is not due yet. */
  wakeAt: number | null;
  parked: boolean;
  paused: boolean;
  dueAt: number | null;
  notBefore: number;
  blocked: { readonly code: string; readonly message: string } | null;
  attempts: number;
  /** Head of the log at the last claim; null when that claim ended in good order (D17). */
  claimedHead: number | null;
  need: NeedEntry<SessionRow> | null;
}

export interface ProcessRow {
  record: ProcessRecord;
  readonly events: ProcessEvent[];
  /** What was appended under each key, by the digest of what was asked for. */
  readonly keys: Map<string, { readonly digest: string; readonly events: readonly ProcessEvent[] }>;
  owner: ProcessOwner | null;
  epoch: number;
  notBefore: number;
}

export interface JobSessionRow extends NewJobSession {
  document: JsonObject;
  expiresAt: number | null;
  /** As it was opened: the same again is recognised. */
  readonly opened: Omit<NewJobSession, "sessionId">;
  holder: NodeLease | null;
  epoch: number;
  acked: number;
  /** Number of the first delivery that is still there. */
  first: number;
  readonly stream: JobDelivery[];
}

export interface JobRow {
  /** As it was created: the same again is recognised. */
  readonly created: NewJob;
  record: JobRecord;
  readonly events: JobEvent[];
}

/** What is known of an input beside the record that turns are driven from. */
export interface LedgerRow
  extends Pick<
    InputLedgerEntry,
    "policy" | "outcome" | "durability" | "attempts" | "recoveries" | "history" | "source" | "updatedAt"
  > {
  readonly queueKey: string | null;
  /** Of what was handed in; the record's is of what it was joined with. */
  readonly givenDigest: string;
}

export interface OutboxRow {
  record: OutboxRecord;
  dueAt: number;
}

/** Everything that a store remembers. Changed only inside the synchronous sections of the ports' files. */
export interface MemoryState {
  readonly sessions: Map<SessionId, SessionRow>;
  readonly inputs: Map<InputId, InputRecord>;
  readonly ledger: Map<InputId, LedgerRow>;
  readonly turns: Map<TurnId, TurnRow>;
  readonly cancels: Map<TurnId, CancelEvidence>;
  readonly configs: Map<string, TurnConfig>;
  readonly nodes: Map<NodeId, NodeRow>;
  readonly attachments: Map<string, StoredAttachment>;
  /** When each was put, the last time. */
  readonly attachedAt: Map<string, number>;
  readonly secrets: Map<string, string>;
  /** In order of creation. */
  readonly tokens: Map<string, { readonly digest: string; readonly record: TokenRecord }>;
  /** In order of creation. */
  readonly awaits: Map<string, AwaitEventRecord>;
  /** Keys of the events of each open turn. */
  readonly awaitsOfTurn: Map<TurnId, Set<string>>;
  /** Never pruned: ids are single-use (D8). */
  readonly revokedKeys: Set<string>;
  readonly revokedSessions: Set<SessionId>;
  /** Sessions that were erased, by their hashes, and the hashes of the inputs and turns that they had. */
  readonly erased: Map<string, ErasedSession>;
  readonly tombstones: Set<string>;
  /** In order of registration. */
  readonly processes: Map<ProcessId, ProcessRow>;
  readonly jobSessions: Map<JobSessionId, JobSessionRow>;
  /** In the order in which they were created. */
  readonly jobs: Map<JobId, JobRow>;
  readonly jobKeys: Map<string, JobId>;
  readonly jobCredentials: Map<string, { readonly credentialId: string; readonly document: JsonObject }>;
  /** In order of the commits. */
  readonly outbox: Map<string, OutboxRow>;
  readonly needs: NeedQueue<SessionRow>;
  uses: number;
}

export function emptyState(): MemoryState {
  return {
    sessions: new Map(),
    inputs: new Map(),
    ledger: new Map(),
    turns: new Map(),
    cancels: new Map(),
    configs: new Map(),
    nodes: new Map(),
    attachments: new Map(),
    attachedAt: new Map(),
    secrets: new Map(),
    tokens: new Map(),
    awaits: new Map(),
    awaitsOfTurn: new Map(),
    revokedKeys: new Set(),
    revokedSessions: new Set(),
    erased: new Map(),
    tombstones: new Set(),
    processes: new Map(),
    jobSessions: new Map(),
    jobs: new Map(),
    jobKeys: new Map(),
    jobCredentials: new Map(),
    outbox: new Map(),
    needs: new NeedQueue((entry) => entry.item.need === entry),
    uses: 0,
  };
}

export function newSession(state: MemoryState, sessionId: SessionId, now: number): SessionRow {
  const session: SessionRow = {
    sessionId,
    createdAt: now,
    used: 0,
    runtimeState: "idle",
    restState: "idle",
    revision: 0,
    messages: [],
    receipts: [],
    runs: new Map(),
    log: [],
    inputs: [],
    queued: [],
    staged: new Set(),
    keys: new Map(),
    openTurn: null,
    owner: null,
    epoch: 0,
    wakeAt: null,
    parked: false,
    paused: false,
    dueAt: null,
    notBefore: 0,
    blocked: null,
    attempts: 0,
    claimedHead: null,
    need: null,
  };
  state.sessions.set(sessionId, session);
  return session;
}

export function touch(state: MemoryState, session: SessionRow): void {
  state.uses += 1;
  session.used = state.uses;
}

export function lastDigest(session: SessionRow): string | null {
  return session.receipts.at(-1)?.digest ?? null;
}
