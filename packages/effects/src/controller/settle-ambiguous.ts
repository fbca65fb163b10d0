import type { CommandOf, EffectEnvelope, LeftMessage, ToolCallOutcome } from "@pawl/core";
import type { Clock, Reconciliation, StoreTime, Toolbox, ToolInvocation } from "@pawl/core/ports";
import { LeftMessages } from "../executors/left-messages.ts";
import { DEFAULT_TOOL_TIMEOUT_MS } from "../executors/tool-executor.ts";
import { sleepUntil } from "../system-clock.ts";
import type { EffectContext } from "./effect-controller.ts";
import { sleepUntilSure } from "./store-time.ts";

/** An attempt that was begun and of whose end nothing is recorded. */
export interface LostAttempt {
  readonly attempt: number;
  /** Milliseconds since the epoch by the store's clock; what did not begin by then never begins. */
  readonly startBefore: number;
  /** What it is known to have left for the world outside. */
  readonly left?: readonly LeftMessage[];
}

/**
 * Asks the tool whether the attempt happened; else somebody must say. "Yes" counts whenever it comes. "No" counts only when the
 * attempt cannot happen any more: whoever made the intent may be slow and not dead, so until then it may still begin, and take
 * its time (D12). A tool that cannot be asked, or does not answer, cannot tell.
 */
export async function settleAmbiguous(
  envelope: EffectEnvelope<CommandOf<"tool_call">>,
  context: EffectContext,
  { attempt, startBefore, left }: LostAttempt,
  { clock, time }: { readonly clock: Clock; readonly time: StoreTime },
): Promise<ToolCallOutcome> {
  const { turn, signal } = context;
  const { callId, name, input, idempotencyKey } = envelope.command;
  const definition = turn?.toolbox.definitions.find((tool) => tool.name === name);
  const timeoutMs = definition?.timeoutMs ?? DEFAULT_TOOL_TIMEOUT_MS;
  const overAt = startBefore + timeoutMs;
  const ambiguous: ToolCallOutcome = {
    kind: "tool_call",
    launch: { status: "ambiguous", attempt, noAfter: overAt },
    ...(left && { outbox: left }),
  };
  if (turn?.toolbox.reconcile === undefined || definition?.reconciles !== true) return ambiguous;
  const { sessionId, turnId, toolbox } = turn;
  const call = { sessionId, turnId, callId, name, input, idempotencyKey, attempt };
  const room = turn.outboxRoom && { room: turn.outboxRoom };
  let messages = new LeftMessages({ ...room });
  const ask = () => {
    messages.forget();
    messages = new LeftMessages({ ...room });
    return askTool(toolbox, call, clock, timeoutMs, signal, messages);
  };

  let answer = await ask();
  if (answer !== "unknown" && !answer.happened && time().earliest < overAt) {
    try {
      await sleepUntilSure(clock, time, overAt, signal);
    } catch {
      return ambiguous;
    }
    answer = await ask();
  }
  if (answer === "unknown" || signal.aborted) return ambiguous;
  if (!answer.happened) return { kind: "tool_call", launch: { status: "not_begun", attempt } };
  const result = { status: "ok", output: answer.output } as const;
  // The tool knows what the attempt had to say better than what is known to be left of it.
  const outbox = messages.left.outbox ?? left;
  return { kind: "tool_call", launch: { status: "done", result }, ...(outbox && { outbox }) };
}

async function askTool(
  toolbox: Toolbox,
  call: ToolInvocation,
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
  { leave: outbox }: LeftMessages,
): Promise<Reconciliation> {
  const over = new AbortController();
  const patience = AbortSignal.any([signal, over.signal]);
  const late = sleepUntil(clock, clock.now() + timeoutMs, patience).then(
    (): Reconciliation => "unknown",
    (): Reconciliation => "unknown",
  );
  try {
    const asked = (async () =>
      (await toolbox.reconcile?.(call, { signal: patience, outbox })) ?? "unknown")();
    asked.catch(() => {});
    return await Promise.race([asked, late]);
  } catch {
    return "unknown";
  } finally {
    over.abort();
  }
}
