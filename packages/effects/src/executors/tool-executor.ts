import {
  type CommandOf,
  type EffectEnvelope,
  type Message,
  PawlError,
  type ToolCallOutcome,
  type ToolDefinition,
  type ToolOutcome,
} from "@pawl/core";
import type { Attachments, Clock, PendingOutcome, ToolContext, ToolInvocation } from "@pawl/core/ports";
import type { AwaitEvents } from "../await-events/await-events.ts";
import type { EffectContext, EffectExecutor, TurnFacts } from "../controller/effect-controller.ts";
import { onCrashOf } from "../controller/on-crash.ts";
import { backoffMs } from "../controller/retry-policy.ts";
import { toolPendingWithoutKey, toolResultMissing } from "../errors.ts";
import { sleepUntil, systemClock } from "../system-clock.ts";
import { compositeSteps } from "./composite-steps.ts";
import { LeftMessages, type LeftMessagesOptions } from "./left-messages.ts";
import { type PendingCalls, pendingCalls } from "./pending-calls.ts";

/** Longest attempt of a tool that names no bound of its own, in milliseconds: nothing may hang for ever. */
export const DEFAULT_TOOL_TIMEOUT_MS = 10 * 60 * 1000;

export interface ToolExecutorOptions {
  /** Default: the system's. */
  readonly clock?: Clock;
  /** For tools that answer later; absent where nothing can be waited for. */
  readonly awaits?: () => Promise<AwaitEvents>;
  /** Where files of results go: an outcome carries references only. */
  readonly attachments?: Pick<Attachments, "put">;
  /** Uniform in [0, 1), for jitter. Default: the platform's. */
  readonly random?: () => number;
  /** Hears what a call came to that its turn had given up: it was told to stop, did not, and was recorded as unknown (D18). */
  readonly late?: (late: LateToolOutcome) => void;
}

/** What a tool answered when its turn did not wait for it any more. */
export interface LateToolOutcome
  extends Pick<ToolInvocation, "sessionId" | "turnId" | "callId" | "idempotencyKey"> {
  readonly tool: string;
  readonly outcome: Exclude<ToolOutcome, { readonly status: "cancelled" }>;
}

/** Performs `tool_call` through the turn's toolbox. */
export function toolExecutor({
  clock = systemClock,
  random = Math.random,
  awaits,
  attachments,
  late = () => {},
}: ToolExecutorOptions = {}): EffectExecutor<"tool_call"> {
  const options = { clock, random, late, ...(awaits && { awaits }), ...(attachments && { attachments }) };
  return async (envelope, context) => {
    const { turn } = context;
    if (turn === undefined)
      throw new PawlError("turn_missing", "A tool_call is performed within a turn only.");
    const definition = turn.toolbox.definitions.find((tool) => tool.name === envelope.command.name);
    return { kind: "tool_call", ...(await attempt(envelope, context, turn, definition, options)) };
  };
}

async function attempt(
  envelope: EffectEnvelope<CommandOf<"tool_call">>,
  context: EffectContext,
  turn: TurnFacts,
  definition: ToolDefinition | undefined,
  {
    clock,
    random,
    late,
    awaits,
    attachments,
  }: Required<Omit<ToolExecutorOptions, "awaits" | "attachments">> & ToolExecutorOptions,
): Promise<Omit<ToolCallOutcome, "kind">> {
  const { callId, name, input, idempotencyKey } = envelope.command;
  if (definition === undefined) {
    const message = `The tool "${name}" is not offered any more by this host. Choose another one.`;
    return done({ status: "error", code: "tool_unavailable", message });
  }
  const { sessionId, turnId } = turn;
  const call = { sessionId, turnId, callId, name, input, idempotencyKey, attempt: envelope.command.attempt };
  const pending = pendingCalls(envelope, { clock, ...(awaits && { awaits }) });
  const tool: Bounded = {
    pending: pending.mint,
    turn,
    call,
    definition,
    clock,
    signal: context.signal,
    steps: compositeSteps(envelope, context),
    late,
    messages: () => new LeftMessages(leaving(envelope, context, clock)),
    attach: attachments && ((content, mediaType) => attachments.put(content, mediaType)),
  };
  // Guards and the record of the intent take their time; what was told to stop meanwhile is not begun.
  if (context.signal.aborted) {
    const traceless = context.resumed === true && definition.onCrash === "retry";
    return done({ status: "cancelled", certainty: traceless ? "outcome_unknown" : "before_start" });
  }
  const { outcome, left } = await withRetries(tool, random);
  if (outcome.status === "pending") {
    const launch = pending.launchOf(outcome.call);
    return launch ? { launch, ...left } : done({ status: "error", ...toolPendingWithoutKey(name) });
  }
  // What ended without the tool's own word is ambiguous for a tool that may not happen twice (D12), unless the turn is being
  // stopped: then nobody will perform it again, and the record says that it is unknown.
  const unknown = outcome.status === "cancelled" && outcome.certainty === "outcome_unknown";
  if (unknown && definition.onCrash === "ask" && !context.signal.aborted) {
    return { launch: { status: "ambiguous", attempt: envelope.command.attempt }, ...left };
  }
  await pending.settle(outcome);
  // What an attempt left that failed is forgotten with it.
  return outcome.status === "ok" ? { ...done(outcome), ...left } : done(outcome);
}

/** What an `ask` tool leaves is kept while it runs: a person may have to say that it happened. A `retry` tool leaves it again. */
function leaving(
  envelope: EffectEnvelope<CommandOf<"tool_call">>,
  context: EffectContext,
  clock: Clock,
): LeftMessagesOptions {
  const { journal, turn } = context;
  const room = turn?.outboxRoom && { room: turn.outboxRoom };
  if (journal?.left === undefined || onCrashOf(envelope, context) !== "ask") return { ...room };
  return {
    ...room,
    keep: (messages) => journal.left?.(envelope, messages),
    soon: (callback) => clock.at(clock.now(), callback),
  };
}

interface Bounded {
  readonly messages: () => LeftMessages;
  readonly pending: PendingCalls["mint"];
  readonly turn: TurnFacts;
  readonly call: ToolInvocation;
  readonly definition: ToolDefinition;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly steps: ReturnType<typeof compositeSteps>;
  readonly late: (late: LateToolOutcome) => void;
  readonly attach: ToolContext["attach"] | undefined;
}

/** Failures that another attempt cannot mend. */
const FINAL = new Set(["tool_input_invalid", "tool_unavailable", "tool_changed"]);

/** Only `retry` tools have a policy (see `tool()`), so nothing happens twice that must not. */
async function withRetries(
  tool: Bounded,
  random: () => number,
): Promise<{ outcome: ToolOutcome | PendingOutcome } & Pick<LeftMessages, "left">> {
  const { definition, signal, clock } = tool;
  const policy = definition.onCrash === "retry" ? definition.retry : undefined;
  for (let made = 1; ; made++) {
    const messages = tool.messages();
    const outcome = await bounded(tool, messages);
    messages.ended();
    const ended = { outcome, left: messages.left };
    if (outcome.status === "error") messages.forget();
    const mendable = outcome.status === "error" && !FINAL.has(outcome.code);
    if (policy === undefined || !mendable || made >= policy.maxAttempts || signal.aborted) return ended;
    try {
      await sleepUntil(clock, clock.now() + backoffMs(policy, made, random), signal);
    } catch {
      return ended;
    }
  }
}

/**
 * One attempt that ends by its deadline or soon after an abort, whether or not the tool looks at its signal. Nothing of it stays
 * behind: neither timers nor listeners.
 */
async function bounded(
  { turn, call, definition, signal, clock, steps, pending, late, attach }: Bounded,
  messages: LeftMessages,
): Promise<ToolOutcome | PendingOutcome> {
  const timeoutMs = definition.timeoutMs ?? DEFAULT_TOOL_TIMEOUT_MS;
  const told = new AbortController();
  const given = Promise.withResolvers<ToolOutcome>();
  const cancelDeadline = clock.at(clock.now() + timeoutMs, () => {
    const message = `The tool did not answer within ${timeoutMs} ms.`;
    const isAsk = definition.onCrash === "ask";
    given.resolve(isAsk ? UNKNOWN : { status: "error", code: "tool_timeout", message });
    told.abort(new PawlError("tool_timeout", message));
  });
  let cancelGrace = () => {};
  const onAbort = () => {
    cancelGrace = clock.at(clock.now() + STOP_WITHIN_MS, () => {
      given.resolve(UNKNOWN);
      // What a tool returns after its host has lost the session is nobody's fact (D3).
      if (asksToStop(signal.reason)) void execution.then(answeredLate, failedLate);
    });
    told.abort(signal.reason);
  };
  const { sessionId, turnId, callId, idempotencyKey, name } = call;
  const facts = { sessionId, turnId, callId, idempotencyKey, tool: name };
  const answeredLate = (outcome: ToolOutcome | PendingOutcome | undefined) => {
    if (outcome?.status === "ok" || outcome?.status === "error") late({ ...facts, outcome });
  };
  const failedLate = (thrown: unknown) => {
    // That it has stopped after all is what it was asked for.
    if (thrown === signal.reason || asksToStop(thrown)) return;
    const { code, message } = PawlError.from(thrown, "tool_failed");
    late({ ...facts, outcome: { status: "error", code, message } });
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  const step = definition.composite === true ? steps(told.signal) : undefined;
  const execution = (async () =>
    turn.toolbox.execute(call, {
      messages: () => messagesBefore(turn, call),
      signal: told.signal,
      outbox: messages.leave,
      ...(attach && { attach }),
      ...(step && { step: (id, run) => messages.during(() => step(id, run)) }),
      ...(pending && { pending }),
    }))();
  try {
    const outcome: ToolOutcome | PendingOutcome | undefined = await Promise.race([execution, given.promise]);
    // A toolbox of plain JavaScript may return anything.
    if (typeof outcome?.status === "string") return outcome;
    return { status: "error", ...toolResultMissing(call.name) };
  } catch (thrown) {
    const { code, message } = PawlError.from(thrown, "tool_failed");
    return { status: "error", code, message };
  } finally {
    cancelDeadline();
    cancelGrace();
    signal.removeEventListener("abort", onAbort);
  }
}

/** The transcript up to the answer that asks for the call. */
function messagesBefore({ delta, messages }: TurnFacts, { callId }: ToolInvocation): readonly Message[] {
  const asked = delta.findIndex(({ parts }) =>
    parts.some((part) => part.type === "tool_call" && part.callId === callId),
  );
  return messages(Math.max(0, asked));
}

/** How long a tool may take to stop by itself after an abort, in milliseconds. */
const STOP_WITHIN_MS = 1_000;

/** The turn wants no more of it; any other reason says that this host has no say in the turn any more. */
function asksToStop(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "AbortError";
}

/** It was told to stop and did not say how far it had come. */
const UNKNOWN: ToolOutcome = { status: "cancelled", certainty: "outcome_unknown" };

function done(result: ToolOutcome): Pick<ToolCallOutcome, "launch"> {
  return { launch: { status: "done", result } };
}
