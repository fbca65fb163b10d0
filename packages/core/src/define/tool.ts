import type { Message } from "../conversation/message.ts";
import type { OnCrash, ToolDefinition, ToolHints } from "../conversation/tool-definition.ts";
import type { LeftMessage } from "../effects/outcome.ts";
import { PawlError } from "../errors.ts";
import type { CallId } from "../ids.ts";
import type { Reconciliation } from "../ports/tools.ts";
import type { PendingCall, PendingOptions } from "./pending-call.ts";
import { type InferSchema, jsonSchemaOf, type Schema } from "./schema.ts";

/** What a tool's body gets beside its input. */
export interface ToolRun {
  readonly signal: AbortSignal;
  /** The same at every attempt of this call, also after a crash. Hand it to whatever the tool calls. */
  readonly idempotencyKey: string;
  readonly callId: CallId;
  readonly sessionId: string;
  readonly turnId: string;
  /** From 0. */
  readonly attempt: number;
  /** What the model was sent before it asked for this call, without its instructions and without its answer. */
  messages(): readonly Message[];
  /**
   * For composite tools: performs `run` once and remembers its value under `stepId`, which is unique in the body. Entered again after
   * a crash, the body gets the remembered value. `key` is the step's own idempotency key.
   *
   * @throws PawlError `tool_not_composite`, `duplicate_step_id`
   */
  step<T>(stepId: string, run: (key: string) => Promise<T>): Promise<T>;
  /**
   * Makes the key with which somebody answers this call later. Return what it resolves to and the turn waits, for a second or for a
   * month, with nothing of it in memory; return anything else and the key is settled with that.
   *
   * @throws PawlError `tool_pending_unsupported` where nothing can be waited for, `invalid_deadline`
   */
  pending(options?: PendingOptions): Promise<PendingCall>;
  /**
   * Leaves a message for the world outside, which exists when the turn's commit does, however the turn ends, and only then: exactly once
   * a commit, whatever crashes. The host hands it to the handler of its topic, at least once. What an attempt left that failed is
   * forgotten. Of one whose end nobody knows (`onCrash: "ask"`) it goes out once `reconcile` or a person says that it happened: what was
   * left before the end was lost sight of, and a moment had passed. In a composite tool it is called outside of steps, which are not
   * performed again.
   *
   * @throws PawlError `outbox_message_invalid`, `outbox_full`, `outbox_in_step`, `outbox_unsupported` where no turn commits
   */
  outbox(message: LeftMessage): void;
}

export interface ToolSpec<Input extends Schema, Output> {
  readonly description: string;
  readonly input: Input;
  /** Default `ask`, or `retry` for a tool that says `hints: { readOnly: true }`. */
  readonly onCrash?: OnCrash;
  /** `approval`: each call is made only after somebody has approved it. */
  readonly policy?: ToolDefinition["policy"];
  readonly hints?: ToolHints;
  readonly displayName?: string;
  readonly category?: string;
  /** Longest duration of one attempt, in milliseconds. */
  readonly timeoutMs?: number;
  /** Makes a failed attempt again, with backoff and jitter; for `retry` tools only. */
  readonly retry?: ToolDefinition["retry"];
  /** The body is entered again after a crash, and only what is in `step` is remembered (D14). */
  readonly composite?: boolean;
  readonly execute: (input: InferSchema<Input>, run: ToolRun) => Output | Promise<Output>;
  /** After a crash in an `ask` tool: did it happen? Without an answer a person is asked. */
  readonly reconcile?: (
    input: InferSchema<Input>,
    run: ToolRun,
  ) => Promise<
    { readonly happened: true; readonly output: Output } | { readonly happened: false } | "unknown"
  >;
}

/** A tool that a host can offer. Its name is the key under which it is handed in. */
export interface Tool<Input = unknown, Output = unknown> {
  readonly "~tool": { readonly input: Input; readonly output: Output } | undefined;
  readonly input: Schema<unknown, Input>;
  readonly execute: (input: Input, run: ToolRun) => Output | Promise<Output>;
  readonly reconcile?: (input: Input, run: ToolRun) => Promise<Reconciliation>;
  /** The tool as data. @throws PawlError `invalid_tool_name` */
  define(name: string): ToolDefinition;
}

/** What can be handed to a host as `tools`; method bivariance lets every `Tool<I, O>` in. */
export type AnyTool = Omit<Tool, "execute" | "reconcile" | "input"> & {
  readonly input: Schema<unknown, unknown>;
  execute(input: never, run: ToolRun): unknown;
  reconcile?(input: never, run: ToolRun): Promise<Reconciliation>;
};
export type ToolSet = { readonly [name: string]: AnyTool };

/** What model providers accept as a tool's name. */
export const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Defines a tool; input and output types are inferred.
 *
 * @throws PawlError `schema_unsupported` when the input schema cannot be written as JSON Schema; `invalid_tool_retry`
 */
export function tool<Input extends Schema, Output>(
  spec: ToolSpec<Input, Output>,
): Tool<InferSchema<Input>, Exclude<Awaited<Output>, PendingCall>> {
  const inputSchema = jsonSchemaOf(spec.input, `the input of the tool "${spec.description}"`);
  const { description, displayName, category, hints, timeoutMs, retry, composite } = spec;
  const onCrash = spec.onCrash ?? (hints?.readOnly === true || composite === true ? "retry" : "ask");
  if (onCrash === "ask" && (retry !== undefined || composite === true)) {
    throw new PawlError(
      "invalid_tool_retry",
      `The tool "${description}" says onCrash: "ask", so it is never performed again by itself: drop retry and composite, or say onCrash: "retry".`,
    );
  }
  const made = {
    "~tool": undefined,
    input: spec.input,
    execute: spec.execute,
    ...(spec.reconcile && { reconcile: spec.reconcile as unknown as Tool["reconcile"] }),
    define(name: string): ToolDefinition {
      if (!TOOL_NAME.test(name)) {
        throw new PawlError(
          "invalid_tool_name",
          `"${name}" cannot be the name of a tool: use 1 to 64 of A–Z, a–z, 0–9, _ and -.`,
        );
      }
      return {
        name,
        description,
        inputSchema,
        onCrash,
        ...(displayName !== undefined && { displayName }),
        ...(category !== undefined && { category }),
        ...(spec.policy !== undefined && { policy: spec.policy }),
        ...(hints !== undefined && { hints }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        ...(spec.reconcile !== undefined && { reconciles: true }),
        ...(retry !== undefined && { retry }),
        ...(composite === true && { composite }),
      };
    },
  };
  return made as unknown as Tool<InferSchema<Input>, Exclude<Awaited<Output>, PendingCall>>;
}
