import type { ModelCallCommand, ModelRequest, ModelResult } from "@pawl/core";
import { PawlError } from "@pawl/core";
import type { Attachments, Clock, Model, ModelCallContext } from "@pawl/core/ports";
import type { EffectContext, EffectExecutor, TurnFacts } from "../controller/effect-controller.ts";
import { backoffMs, MODEL_RETRY, type RetryPolicy } from "../controller/retry-policy.ts";
import { sleepUntil, systemClock } from "../system-clock.ts";
import { checkedAnswer } from "./checked-answer.ts";
import { type FindSchema, structuredAnswer } from "./structured-answer.ts";

export interface ModelExecutorOptions {
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Uniform in [0, 1), for jitter. Default: the platform's. */
  readonly random?: () => number;
  readonly retry?: RetryPolicy;
  /** Where models find the bytes of files that messages refer to. */
  readonly attachments?: Pick<Attachments, "get">;
  /** Schemas of this process, for answers that shall fit one. */
  readonly findSchema?: FindSchema;
}

/**
 * Performs `model_call`. Failures that may pass are tried again with backoff and jitter, after at least what the provider asks
 * for; what remains is an outcome.
 */
export function modelExecutor(
  model: Model | ((name: string | undefined) => Model),
  { clock = systemClock, random = Math.random, ...rest }: ModelExecutorOptions = {},
): EffectExecutor<"model_call"> {
  const options = { ...rest, clock, random };
  const resolve = typeof model === "function" ? model : () => model;
  const { attachments } = options;
  const readAttachment = attachments && ((ref: string) => attachments.get(ref));
  return async (envelope, context) => {
    const turn = context.turn;
    if (turn === undefined)
      throw new PawlError("turn_missing", "A model_call is performed within a turn only.");
    let textStreamed = false;
    const onText = (text: string) => {
      textStreamed = true;
      context.onText?.(text);
    };
    const request = modelRequest(turn, envelope.command);
    const result = await withRetries(
      () => resolve(turn.config.model),
      request,
      { ...context, onText, ...(readAttachment && { readAttachment }) },
      options,
    );
    const { output } = turn.config;
    if (output === undefined || !result.ok) return { kind: "model_call", result, textStreamed };
    const answer = await structuredAnswer(result.answer, output.schema, options.findSchema);
    return { kind: "model_call", result: { ok: true, answer }, textStreamed };
  };
}

/** The request of a model call, from the session's transcript and the turn's configuration. */
export function modelRequest(turn: TurnFacts, command: ModelCallCommand): ModelRequest {
  const { output } = turn.config;
  const form = output && `${FORM}\n${JSON.stringify(output.schema)}`;
  const instructions = [turn.environment?.instructions ?? turn.config.agent.instructions, form, command.note]
    .filter((text) => text !== undefined && text !== "")
    .join("\n\n");
  return {
    instructions: instructions === "" ? undefined : instructions,
    messages: turn.messages(command.upTo),
    tools: turn.environment?.tools ?? turn.config.tools,
    toolChoice: command.toolChoice,
    ...(output && { output: { schema: output.schema } }),
  };
}

/** Said to every model: not all providers hold their models to a schema. */
const FORM =
  "Your final answer must be JSON that fits this JSON Schema, without any text or fences around it:";

async function withRetries(
  findModel: () => Model,
  request: ModelRequest,
  context: CallContext,
  {
    clock,
    random,
    retry = MODEL_RETRY,
  }: Required<Pick<ModelExecutorOptions, "clock" | "random">> & Pick<ModelExecutorOptions, "retry">,
): Promise<ModelResult> {
  for (let attempt = 1; ; attempt++) {
    const result = await callModel(findModel, request, context);
    if (result.ok || !result.failure.retryable || attempt >= retry.maxAttempts || context.signal.aborted)
      return result;
    context.onReset?.(result.failure);
    const wait = Math.max(backoffMs(retry, attempt, random), result.failure.retryAfterMs ?? 0);
    try {
      await sleepUntil(clock, clock.now() + wait, context.signal);
    } catch {
      return result;
    }
  }
}

type CallContext = Pick<EffectContext, "onReset"> & ModelCallContext;

/**
 * One call. A model that throws, cannot be found, answers with what is no answer or goes on talking after it breaks its contract; the turn
 * shall hear of it and not hang.
 */
export async function callModel(
  findModel: () => Model,
  request: ModelRequest,
  context: CallContext,
): Promise<ModelResult> {
  let answered = false;
  const onText = (text: string) => {
    if (!answered) context.onText(text);
  };
  try {
    const { signal, readAttachment } = context;
    const asked = { signal, onText, ...(readAttachment && { readAttachment }) };
    return checkedAnswer(await findModel().call(request, asked));
  } catch (thrown) {
    const { code, message } = PawlError.from(thrown, "model_call_failed");
    const terminalReason = context.signal.aborted ? "cancelled" : "provider_error";
    return { ok: false, failure: { message, code, retryable: false, terminalReason } };
  } finally {
    answered = true;
  }
}
