import type { Message } from "../conversation/message.ts";
import type { ToolDefinition } from "../conversation/tool-definition.ts";
import type { PendingCall, PendingOptions } from "../define/pending-call.ts";
import type { LeftMessage, ToolOutcome } from "../effects/outcome.ts";
import type { CallId } from "../ids.ts";
import type { Json } from "../json.ts";
import type { Attachments } from "./attachments.ts";

export interface ToolInvocation {
  readonly sessionId: string;
  readonly turnId: string;
  readonly callId: CallId;
  readonly name: string;
  readonly input: Json;
  /** The same at every attempt of this call, also after a crash: hand it to whatever the tool calls. */
  readonly idempotencyKey: string;
  /** From 0. */
  readonly attempt: number;
}

export interface ToolContext {
  readonly signal: AbortSignal;
  /** What the model was sent before it asked for this call, without its instructions and without its answer. */
  readonly messages?: () => readonly Message[];
  /**
   * Only for composite tools (D14): performs `run` once and records its value under `stepId`, which is unique in the body. When the
   * body is entered again after a crash, the recorded value is returned and `run` is not called.
   */
  readonly step?: (stepId: string, run: () => Promise<Json>) => Promise<Json>;
  /** Makes the key with which the call is answered later; absent where nothing can be waited for. */
  readonly pending?: (options: PendingOptions) => Promise<PendingCall>;
  /** Stores bytes of a result, which then refers to them. Absent where nothing can be stored. @throws as `Attachments.put` */
  readonly attach?: Attachments["put"];
  /**
   * Leaves a message in the commit of the turn, should this attempt succeed. Absent where no turn commits.
   *
   * @throws PawlError `outbox_message_invalid`, `outbox_full`, `outbox_in_step`
   */
  readonly outbox?: (message: LeftMessage) => void;
}

/** The tool answers later, to whom `context.pending` gave the key. Any other object in its place is a failed outcome. */
export interface PendingOutcome {
  readonly status: "pending";
  readonly call: PendingCall;
}

/** What a tool says when it is asked whether an attempt with an unknown end happened (D12). */
export type Reconciliation =
  | { readonly happened: true; readonly output: Json }
  | { readonly happened: false }
  /** It cannot tell: a person is asked. */
  | "unknown";

/**
 * The tools of one turn, ready to be called. The definitions do not change while it is open: a tool that changed or
 * vanished behind them answers with a failed outcome that says so.
 */
export interface Toolbox {
  readonly definitions: readonly ToolDefinition[];
  /** Never throws for a failure of the tool: that is an outcome. */
  execute(call: ToolInvocation, context: ToolContext): Promise<ToolOutcome | PendingOutcome>;
  reconcile?(call: ToolInvocation, context: ToolContext): Promise<Reconciliation>;
  close?(): Promise<void>;
}

export interface OpenToolboxOptions {
  readonly sessionId: string;
  readonly signal: AbortSignal;
  /** Names that other tools of the turn already have; a provider shows its own tools under other names. */
  readonly takenNames?: readonly string[];
  /**
   * Definitions that a running turn has stored: the toolbox is opened for these and does not look for others. Absent when a
   * turn is being prepared.
   */
  readonly pinned?: readonly ToolDefinition[];
}

/** Finds the tools that an environment names, on this node. An environment is opaque JSON that the provider understands. */
export interface ToolProvider {
  open(environment: Json | undefined, options: OpenToolboxOptions): Promise<Toolbox>;
}
