import type {
  Agent,
  AgentStep,
  CancelEvidence,
  CommitReceipt,
  FilePart,
  InferSchema,
  InputPart,
  Json,
  Message,
  Schema,
  SessionId,
  SessionOwner,
  ToolSet,
  TurnEvent,
  TurnId,
  TurnLimits,
  TurnOutcome,
  Usage,
  WaitReason,
} from "@pawl/core";
import type {
  Backlog,
  CancelRequest,
  Clock,
  Delivery,
  ErasedSession,
  InputRecord,
  Logger,
  Model,
  NewId,
  NewInput,
  OperationCheck,
  SessionCounts,
  SessionRecord,
  Store,
  StoredAttachment,
  ToolProvider,
} from "@pawl/core/ports";
import type { AnyProcess } from "@pawl/effects/processes";
import type { ReplayReport, TurnRecord } from "@pawl/effects/turn-driver";
import type { Approvals } from "./approvals.ts";
import type { EraseOptions } from "./erase-session.ts";
import type { HostObserver } from "./observer.ts";
import type { PruneOptions, PruneReport } from "./prune.ts";
import type { Tasks } from "./tasks.ts";
import type { TurnEffect } from "./turn-effects.ts";
import type { SessionVerification } from "./verify-session.ts";
import type { Waits } from "./waits.ts";

/** By the name of a tool: whether a call with these arguments needs somebody's approval. Pure: the same arguments, the same answer. */
export type ApprovalPolicies<Tools extends ToolSet> = {
  readonly [Name in keyof Tools]?: (input: InputOfTool<Tools[Name]>) => boolean;
};

type InputOfTool<T> = T extends { readonly "~tool": { readonly input: infer Input } | undefined }
  ? Input
  : Json;

export interface HostOptions<Tx = never, Tools extends ToolSet = ToolSet> {
  readonly store: Store<Tx>;
  /** One model, or how to find one by the name that an agent or an input asks for (undefined: the default). */
  readonly model: Model | ((name: string | undefined) => Model);
  /** Tools of this process, by name. */
  readonly tools?: Tools;
  /** Calls that are made only after somebody has approved them. A policy that throws asks too. */
  readonly approvals?: ApprovalPolicies<Tools>;
  /** Tools that an input's `environment` names, such as MCP servers. */
  readonly toolProvider?: ToolProvider;
  /** Background tasks that this host runs, see `backgroundTask`. */
  readonly tasks?: readonly AnyProcess[];
  /**
   * The first is the default, and of several versions of one name the first. Without any there is one named `assistant` without
   * instructions.
   */
  readonly agents?: readonly Agent[];
  readonly limits?: Partial<TurnLimits>;
  /**
   * Signs the keys of await-events: `id:base64`, several with commas, the newest first; each is 32 random bytes. The first signs and all
   * verify, so that one can be replaced while keys are out. Required for a durable store; for one in memory it is made up.
   */
  readonly secret?: string;
  /** Where this host is reached from outside, such as `https://x.io/pawl`: only links need it. A function is asked at each link. */
  readonly publicUrl?: string | (() => string | undefined);
  /** How long an approval may take before it expires, in milliseconds. Absent: for ever. */
  readonly approvalsExpireMs?: number;
  /**
   * Signs the receipts of approvals: an Ed25519 private key, PKCS #8, base64url. Absent: one that all hosts of the store share, kept in
   * the store.
   */
  readonly receiptKey?: string;
  /** What agents may do at all, asked before each of their model calls, tool calls and background tasks. Absent: everything. */
  readonly grants?: OperationCheck;
  /** Looks on while turns are driven: traces and metrics, see `@pawl/otel`. */
  readonly observer?: HostObserver;
  readonly clock?: Clock;
  readonly newId?: NewId;
  readonly logger?: Logger;
  /** Names this process among the nodes of the store; made up when absent. */
  readonly nodeId?: string;
  /** Sessions that are driven at once. Default 16. */
  readonly concurrency?: number;
  /** Drives of a session in a row that may get no further before its turn is ended (D17). Default 5. */
  readonly maxAttempts?: number;
  /** How long the store believes in this node without hearing of it, in milliseconds. Default 15 000. */
  readonly leaseTtlMs?: number;
  /** The recovery poll, in milliseconds. Default 400. */
  readonly pollMs?: number;
}

/** A file as bytes: it is stored once, by its content, and messages refer to it. */
export interface NewFilePart {
  readonly type: "file" | "image";
  /** Such as `image/png`. */
  readonly mediaType: string;
  readonly data: Uint8Array | ArrayBuffer | Blob;
  readonly name?: string;
}

export type SendContent = string | readonly (InputPart | NewFilePart)[];

export interface SendOptions<Tx = never> {
  /** Default `next`: a turn of its own. */
  readonly delivery?: Delivery;
  /** The same key and content again gives the same turn; other content is `store_conflict`. */
  readonly idempotencyKey?: string;
  /** Not before this time, milliseconds since the epoch. */
  readonly at?: number;
  /** A transaction of the caller's own: the input exists when that commits. */
  readonly tx?: Tx;
  /**
   * What becomes of messages of this session with the same `key` and `delivery` that no turn has taken yet: `supersede` replaces them,
   * `coalesce` puts their parts before its own.
   */
  readonly queue?: NewInput["queue"];
  /** `name` or `name@version` of one of the host's agents; what began with one version goes on with it. */
  readonly agent?: string | Agent;
  readonly model?: string;
  readonly limits?: Partial<TurnLimits>;
  /** The answer is JSON that fits this schema; it comes before what the agent is made for. */
  readonly output?: Schema;
  /** For the host's `toolProvider`. */
  readonly environment?: Json;
  /** Names of tools whose calls need somebody's approval in this turn, and in those of the agents that it hands work to. */
  readonly ask?: readonly string[];
  /** The only tools that this turn, and every agent that it hands work to, may use; `*` at the end of a name stands for anything. */
  readonly grant?: { readonly tools: readonly string[] };
}

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
  /** Drives turns until `stop`. Resolves when turns can be accepted. Without it the first `send` begins to drive. */
  start(): Promise<void>;
  /** Ends within `drainMs` (default 4 000): what runs then is aborted and resumed by whoever comes next. */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
  /** Begins no further session on this node until `resume`; what it drives goes on, and other nodes take what comes. */
  pause(): void;
  resume(): void;
  /** For serverless: drives what there is and returns, at the latest after `maxMs`. */
  drain(options: { readonly maxMs: number }): Promise<{ readonly driven: number }>;
  /** Sessions that wait for a node, on all of the store: for metrics. */
  backlog(): Promise<Backlog>;
  /** True when turns can be accepted and driven now. */
  ready(): Promise<boolean>;
  /** Deletes what is old and not needed any more, in batches, while everything goes on. @throws PawlError `prune_invalid` */
  prune(options: PruneOptions): Promise<PruneReport>;
}

export interface Session<Tx = never> {
  readonly id: SessionId;
  /**
   * Durable when it resolves. With `output`, or an agent that has one, the turn's answer is JSON that fits that schema, and its result has
   * it parsed: another one fails with `output_invalid`, after the model was asked once to mend it.
   *
   * @throws PawlError `input_empty`, `attachment_too_large`, `attachment_unknown`, `attachment_invalid`, `schema_unsupported`
   */
  send<Output extends Schema>(
    content: SendContent,
    options: SendOptions<Tx> & { readonly output: Output },
  ): Promise<Turn<InferSchema<Output>>>;
  send<Output extends Schema>(
    content: SendContent,
    options: SendOptions<Tx> & { readonly agent: Agent & { readonly output: Output } },
  ): Promise<Turn<InferSchema<Output>>>;
  send(content: SendContent, options?: SendOptions<Tx>): Promise<Turn>;
  /**
   * Stores a file and returns it as a part to send, now or later.
   *
   * @throws PawlError `attachment_too_large`, `attachment_invalid`
   */
  attach(file: NewFilePart): Promise<FilePart>;
  /** A file that its messages or its tools' results refer to, or that waits to be taken up; null for any other. */
  attachment(ref: string): Promise<StoredAttachment | null>;
  transcript(): Promise<readonly Message[]>;
  inputs(): Promise<readonly InputRecord[]>;
  record(): Promise<SessionRecord | null>;
  receipts(): Promise<readonly CommitReceipt[]>;
  /**
   * It takes nothing new and drains what it has; then it rests as `retired`. Each of these three may be repeated; see the table of
   * runtime states for what follows what. @throws PawlError `runtime_transition_illegal`
   */
  retire(): Promise<void>;
  /** At once: whatever runs or waits in it is cut off, and what has not ended is abandoned. What was committed stays readable. */
  stop(): Promise<void>;
  /** As `stop`, and for good: its id is not used again. Nothing is deleted. */
  destroy(): Promise<void>;
  /** The newest turns, oldest first. Default limit 50. */
  turns(query?: { readonly limit?: number }): Promise<readonly TurnSummary[]>;
  /**
   * Whether its history holds together, from the first receipt to the last. `anchor` is a digest of a receipt that was kept elsewhere.
   *
   * @throws PawlError `session_unknown`
   */
  verify(options?: { readonly anchor?: string }): Promise<SessionVerification>;
  /**
   * On all nodes, and after restarts too: nobody begins or goes on with a turn of it until `resume`. What is under way ends or comes to
   * its next wait. Inputs, answers and cancels are kept meanwhile. @throws PawlError `session_unknown`
   */
  pause(): Promise<void>;
  /** @throws PawlError `session_unknown` */
  resume(): Promise<void>;
  /**
   * Pauses it and waits until no node drives it any more, at most `maxMs` (default 30 000). `idle` is false when somebody still does
   * then; it is paused all the same. @throws PawlError `session_unknown`
   */
  drain(options?: { readonly maxMs?: number }): Promise<{ readonly idle: boolean }>;
  /**
   * Erases everything of it, for ever. A turn that runs is asked to end first. Of its id and its receipts hashes stay: the id is used
   * up, its keys are revoked, and the chain still verifies. Erasing it again is the same.
   *
   * @throws PawlError `session_unknown`, `session_busy`
   */
  erase(options?: EraseOptions): Promise<ErasedSession>;
  /** All events of the session in one order, past and coming, until `signal` aborts. */
  events(options?: EventOptions): AsyncIterable<TurnEvent>;
}

export interface EventOptions {
  /** An event's `id`: go on after it. From the beginning when absent. */
  readonly after?: string;
  readonly signal?: AbortSignal;
}

export interface Turn<Output = never> {
  readonly id: TurnId;
  /** Resolves when the turn ends, waits or is blocked; it never hangs. Aborting `signal` rejects and cancels nothing. */
  result(options?: { readonly signal?: AbortSignal }): Promise<TurnResult<Output>>;
  /** Its events and, with their `path`, those of agents that work for it, past and coming. Ends after its own `turn.committed`. */
  events(options?: EventOptions): AsyncIterable<TurnEvent>;
  /** Asks for its end; works with no worker alive. */
  cancel(options?: { readonly reason?: string; readonly origin?: string }): Promise<CancelRequest>;
  /** What was sent, and where it is: its delivery status. */
  input(): Promise<InputRecord>;
  /** Why it is not moving, and what to do. */
  explain(): Promise<TurnExplanation>;
  /** Everything that a replay needs, as plain JSON. `redact` takes credentials out. @throws PawlError `turn_unknown` */
  record(options?: { readonly redact?: boolean }): Promise<TurnRecord>;
  /** Runs it again, performs nothing and compares. */
  replay(): Promise<ReplayReport>;
  /** Begins a turn in a session of its own that shares this one's inputs and goes its own way from there. */
  fork(options: ForkTurnOptions): Promise<ForkedTurn>;
  /** What it asked for, in the order in which it was settled; then what is outstanding. */
  effects(): Promise<readonly TurnEffect[]>;
}

/** A turn in a session that was made for it. */
export interface ForkedTurn extends Turn {
  readonly sessionId: SessionId;
}

/** One line about a turn. */
export interface TurnSummary {
  readonly turnId: TurnId;
  readonly state: TurnExplanation["state"];
  /** The beginning of what was said, at most 200 characters. */
  readonly prompt: string;
  /** Milliseconds since the epoch. */
  readonly acceptedAt: number;
  /** Once it has ended. */
  readonly committedAt?: number;
  readonly usage?: Usage;
}

export interface ForkTurnOptions {
  /** The last ordinal that is shared (0: what began the turn); what came after it happens anew. */
  readonly at: number;
  /** Takes the place of what began the turn; only with `at: 0`. */
  readonly prompt?: string | readonly InputPart[];
  /** Performs what may change the world. Default false: only tools that say that they only read are performed. */
  readonly live?: boolean;
  /** The new session's id; made up when absent. */
  readonly sessionId?: string;
  /** The same key again gives the same fork of this turn, so that asking twice does not begin two. */
  readonly idempotencyKey?: string;
}

interface ResultFacts {
  readonly turnId: TurnId;
  readonly sessionId: SessionId;
}

interface EndedFacts extends ResultFacts {
  readonly usage: Usage;
  readonly receipt: CommitReceipt;
}

export interface OpenWait {
  /** Of the await-event; see `Host.waits`. */
  readonly id: string;
  readonly reason: WaitReason;
  /** Set where an agent waits that works for this turn: the steps down to it. */
  readonly path?: readonly AgentStep[];
}

type Completed = Extract<TurnOutcome, { status: "completed" }>;

/** How a turn stands when it does not move any more. A union by `status`. `Output` is what its answer was asked to be, if anything. */
export type TurnResult<Output = never> =
  | (EndedFacts &
      ([Output] extends [never] ? Completed : Omit<Completed, "output"> & { readonly output: Output }))
  | (EndedFacts & Extract<TurnOutcome, { status: "failed" }>)
  | (EndedFacts & { readonly status: "cancelled"; readonly evidence: CancelEvidence })
  | (ResultFacts & { readonly status: "waiting"; readonly waits: readonly OpenWait[] })
  | (ResultFacts & { readonly status: "blocked"; readonly code: string; readonly message: string });

export interface TurnExplanation {
  readonly turnId: TurnId;
  readonly state: "queued" | "running" | TurnResult["status"];
  /** In one or two sentences. */
  readonly why: string;
  /** What helps, as a sentence; absent when there is nothing to do. */
  readonly advice?: string;
  /** Once it does not move any more. */
  readonly result?: TurnResult;
}
