import type { ModelCallCommand, ModelRequest, ModelResult } from "@pawl/core";
import { PawlError } from "@pawl/core";
import type { Clock, Model } from "@pawl/core/ports";
import type { EffectContext, EffectExecutor, TurnFacts } from "../controller/effect-controller.ts";
import { backoffMs, MODEL_RETRY, type RetryPolicy } from "../controller/retry-policy.ts";
import { sleepUntil, systemClock } from "../system-clock.ts";

export interface ModelExecutorOptions {
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Uniform in [0, 1), for jitter. Default: the platform's. */
  readonly random?: () => number;
  readonly retry?: RetryPolicy;
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
      { ...context, onText },
      options,
    );
    return { kind: "model_call", result, textStreamed };
  };
}

/** The request of a model call, from the session's transcript and the turn's configuration. */
export function modelRequest(turn: TurnFacts, command: ModelCallCommand): ModelRequest {
  const instructions = [turn.environment?.instructions ?? turn.config.agent.instructions, command.note]
    .filter((text) => text !== undefined && text !== "")
    .join("\n\n");
  return {
    instructions: instructions === "" ? undefined : instructions,
    messages: turn.messages(command.upTo),
    tools: turn.environment?.tools ?? turn.config.tools,
    toolChoice: command.toolChoice,
  };
}

async function withRetries(
  findModel: () => Model,
  request: ModelRequest,
  context: CallContext,
  {
    clock,
    random,
    retry = MODEL_RETRY,
  }: Required<Omit<ModelExecutorOptions, "retry">> & Pick<ModelExecutorOptions, "retry">,
): Promise<ModelResult> {
  for (let attempt = 1; ; attempt++) {
    const result = await callModel(findModel, request, context);
    if (result.ok || !result.failure.retryable || attempt >= retry.maxAttempts || context.signal.aborted)
      return result;
    context.onReset?.();
    const wait = Math.max(backoffMs(retry, attempt, random), result.failure.retryAfterMs ?? 0);
    try {
      await sleepUntil(clock, clock.now() + wait, context.signal);
    } catch {
      return result;
    }
  }
}

type CallContext = Pick<EffectContext, "signal" | "onReset"> & { readonly onText: (text: string) => void };

/**
 * One call. A model that throws, cannot be found or goes on talking after its answer breaks its contract; the turn shall hear of it
 * and not hang.
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
    return await findModel().call(request, { signal: context.signal, onText });
  } catch (thrown) {
    const { code, message } = PawlError.from(thrown, "model_call_failed");
    const terminalReason = context.signal.aborted ? "cancelled" : "provider_error";
    return { ok: false, failure: { message, code, retryable: false, terminalReason } };
  } finally {
    answered = true;
  }
}
