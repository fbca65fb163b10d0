import {
  type AnswerPart,
  callId,
  type Json,
  type ModelFailure,
  type ModelRequest,
  type ModelResult,
  NO_USAGE,
  PawlError,
  type TerminalReason,
  type ToolCallPart,
  type Usage,
} from "@pawl/core";
import type { Model, ModelCallContext } from "@pawl/core/ports";

export interface ScriptedToolCall {
  readonly name: string;
  readonly input?: Json;
  /** Default `call_<n>`, n counting all calls of the script from 1. */
  readonly callId?: string;
  /** The arguments were not JSON: `input` is the text as it came. */
  readonly malformed?: true;
}

/** An answer. Parts stand in this order: reasoning, text, tool calls. */
export interface ScriptedAnswer {
  readonly text?: string;
  readonly reasoning?: string;
  readonly tools?: readonly ScriptedToolCall[];
  /** Pieces of text that are streamed before the answer. Default: the whole text at once. `[]`: nothing is streamed. */
  readonly deltas?: readonly string[];
  /** Default `tool_use` with tool calls, else `stop`. */
  readonly terminalReason?: TerminalReason;
  readonly usage?: Partial<Usage>;
  /** Waited for before anything else, so that a test decides when the model answers. An abort ends the wait. */
  readonly after?: Promise<unknown>;
}

/** A call that ends without an answer. `message` alone is a failure of the provider that is not worth a retry. */
export interface ScriptedFailure {
  readonly failure: Partial<ModelFailure> & { readonly message: string };
  readonly deltas?: readonly string[];
  readonly after?: Promise<unknown>;
}

/** Text, an answer, a failure, or what is worked out from the request. */
export type ScriptedTurn =
  | string
  | ScriptedAnswer
  | ScriptedFailure
  | ((request: ModelRequest) => string | ScriptedAnswer | ScriptedFailure);

export interface ScriptedModel extends Model {
  /** The requests, detached, in the order in which they came. */
  readonly calls: readonly ModelRequest[];
  /** How many turns of the script are left. */
  readonly left: number;
  /** Every call that the script had no turn for, and every turn that was not asked for, is an error here. */
  done(): void;
}

/**
 * A model that answers from a script, one turn a call. What went wrong is told apart: a call beyond the script rejects with
 * `script_exhausted`, `done()` throws `script_exhausted` when there was one and `script_left_over` when turns are left.
 * Usage counts one call, and as tokens the characters of the request's and the answer's text, so that sums can be checked.
 */
export function scriptedModel(
  script: readonly ScriptedTurn[],
  options: { readonly id?: string } = {},
): ScriptedModel {
  const { id = "scripted/model" } = options;
  const turns = [...script];
  const calls: ModelRequest[] = [];
  let beyond = 0;
  let toolCalls = 0;

  const model: ScriptedModel = {
    id,
    calls,
    get left() {
      return turns.length;
    },
    done() {
      if (beyond > 0) {
        throw new PawlError(
          "script_exhausted",
          `The model was called ${calls.length} times, ${beyond} more than its script of ${script.length} has turns.`,
        );
      }
      if (turns.length > 0) {
        throw new PawlError(
          "script_left_over",
          `The model was called ${calls.length} times: ${turns.length} of ${script.length} turns of its script are left.`,
        );
      }
    },
    async call(request, context) {
      calls.push(structuredClone(request));
      const scripted = turns.shift();
      if (scripted === undefined) {
        beyond += 1;
        throw new PawlError(
          "script_exhausted",
          `Call ${calls.length} of the model is unexpected: its script has ${script.length} turns.`,
        );
      }
      const made = typeof scripted === "function" ? scripted(request) : scripted;
      const turn = typeof made === "string" ? { text: made } : made;
      if (!(await arrives(turn.after, context.signal))) return cancelled();
      if (!stream(turn, context)) return cancelled();
      if ("failure" in turn) {
        const failure = { retryable: false, terminalReason: "provider_error" as const, ...turn.failure };
        return { ok: false, failure };
      }
      return { ok: true, answer: answerOf(turn, request) };
    },
  };

  function answerOf(turn: ScriptedAnswer, request: ModelRequest) {
    const tools = (turn.tools ?? []).map((call): ToolCallPart => {
      toolCalls += 1;
      const { name, input = {}, malformed } = call;
      const id = callId(call.callId ?? `call_${toolCalls}`);
      return { type: "tool_call", callId: id, name, input, ...(malformed && { malformed }) };
    });
    const parts: AnswerPart[] = [
      ...(turn.reasoning === undefined ? [] : [{ type: "reasoning" as const, text: turn.reasoning }]),
      ...(turn.text === undefined ? [] : [{ type: "text" as const, text: turn.text }]),
      ...tools,
    ];
    const terminalReason = turn.terminalReason ?? (tools.length > 0 ? "tool_use" : "stop");
    const usage: Usage = {
      ...NO_USAGE,
      modelCalls: 1,
      inputTokens: lengthOf(request.messages),
      outputTokens: lengthOf([{ parts }]),
      ...turn.usage,
    };
    return { parts, terminalReason, usage, model: id };
  }

  return model;
}

function cancelled(): ModelResult {
  const message = "The call was aborted.";
  return { ok: false, failure: { message, retryable: false, terminalReason: "cancelled" } };
}

/** @returns false when the call was aborted meanwhile */
async function arrives(after: Promise<unknown> | undefined, signal: AbortSignal): Promise<boolean> {
  if (after !== undefined && !signal.aborted) {
    await new Promise<void>((resolve, reject) => {
      const abort = () => resolve();
      signal.addEventListener("abort", abort, { once: true });
      after.then(() => resolve(), reject).finally(() => signal.removeEventListener("abort", abort));
    });
  }
  return !signal.aborted;
}

function stream(turn: ScriptedAnswer | ScriptedFailure, context: ModelCallContext): boolean {
  const whole = "failure" in turn || !turn.text ? [] : [turn.text];
  for (const delta of turn.deltas ?? whole) {
    if (context.signal.aborted) return false;
    context.onText(delta);
  }
  return !context.signal.aborted;
}

function lengthOf(messages: readonly { readonly parts: readonly object[] }[]): number {
  let length = 0;
  for (const { parts } of messages) {
    for (const part of parts) if ("text" in part && typeof part.text === "string") length += part.text.length;
  }
  return length;
}
