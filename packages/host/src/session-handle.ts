import type {
  Agent,
  CommitReceipt,
  FilePart,
  InferSchema,
  Message,
  Schema,
  SessionId,
  TurnEvent,
} from "@pawl/core";
import type {
  ErasedSession,
  InputRecord,
  OutboxRecord,
  SessionRecord,
  StoredAttachment,
} from "@pawl/core/ports";
import type { EraseOptions } from "./erase-session.ts";
import type { NewFilePart, SendContent, SendOptions } from "./send-options.ts";
import type { Turn, TurnSummary } from "./turn-handle.ts";
import type { SessionVerification } from "./verify-session.ts";

export interface Session<Tx = never> {
  readonly id: SessionId;
  /**
   * Durable when it resolves. With `output`, or an agent that has one, the turn's answer is JSON that fits that schema, and its result has
   * it parsed: another one fails with `output_invalid`, after the model was asked once to mend it.
   *
   * @throws PawlError `input_empty`, `input_invalid`, `attachment_too_large`, `attachment_unknown`, `attachment_invalid`, `schema_unsupported`
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
  /** The turn that was sent with this idempotency key; null when none was. */
  turnOf(idempotencyKey: string): Promise<Turn | null>;
  /** A file that its messages or its tools' results refer to, or that waits to be taken up; null for any other. */
  attachment(ref: string): Promise<StoredAttachment | null>;
  transcript(): Promise<readonly Message[]>;
  inputs(): Promise<readonly InputRecord[]>;
  record(): Promise<SessionRecord | null>;
  receipts(): Promise<readonly CommitReceipt[]>;
  /** What followed from its commits and could not be delivered, at most 100, oldest first. `Host.deadLetters` settles them. */
  deadLetters(): Promise<readonly OutboxRecord[]>;
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
