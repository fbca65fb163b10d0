import {
  type CommandOf,
  type EffectEnvelope,
  PawlError,
  type ToolDefinition,
  type ToolLaunch,
  type ToolOutcome,
} from "@pawl/core";
import type { Clock, ToolContext, ToolInvocation } from "@pawl/core/ports";
import type { EffectContext, EffectExecutor, TurnFacts } from "../controller/effect-controller.ts";
import { backoffMs } from "../controller/retry-policy.ts";
import { storable } from "../storable.ts";
import { sleepUntil } from "../system-clock.ts";

/** Longest attempt of a tool that names no bound of its own, in milliseconds: nothing may hang for ever. */
export const DEFAULT_TOOL_TIMEOUT_MS = 10 * 60 * 1000;

export interface ToolExecutorOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1), for jitter. */
  readonly random: () => number;
}

/** Performs `tool_call` through the turn's toolbox. */
export function toolExecutor(options: ToolExecutorOptions): EffectExecutor<"tool_call"> {
  return async (envelope, context) => {
    const { turn } = context;
    if (turn === undefined)
      throw new PawlError("turn_missing", "A tool_call is performed within a turn only.");
    const definition = turn.toolbox.definitions.find((tool) => tool.name === envelope.command.name);
    const launch = await attempt(envelope, context, turn, definition, options);
    return { kind: "tool_call", launch };
  };
}

async function attempt(
  envelope: EffectEnvelope<CommandOf<"tool_call">>,
  context: EffectContext,
  turn: TurnFacts,
  definition: ToolDefinition | undefined,
  { clock, random }: ToolExecutorOptions,
): Promise<ToolLaunch> {
  const { callId, name, input, idempotencyKey } = envelope.command;
  if (definition === undefined) {
    const message = `The tool "${name}" is not offered any more by this host. Choose another one.`;
    return done({ status: "error", code: "tool_unavailable", message });
  }
  const { sessionId, turnId } = turn;
  const call = { sessionId, turnId, callId, name, input, idempotencyKey, attempt: envelope.command.attempt };
  const tool: Bounded = {
    turn,
    call,
    definition,
    clock,
    signal: context.signal,
    step: stepOf(envelope, context),
  };
  const outcome = await withRetries(tool, random);
  // What ended without the tool's own word is ambiguous for a tool that may not happen twice (D12), unless the turn is being
  // stopped: then nobody will perform it again, and the record says that it is unknown.
  const unknown = outcome.status === "cancelled" && outcome.certainty === "outcome_unknown";
  if (unknown && definition.onCrash === "ask" && !context.signal.aborted) {
    return { status: "ambiguous", attempt: envelope.command.attempt };
  }
  return done(outcome);
}

interface Bounded {
  readonly turn: TurnFacts;
  readonly call: ToolInvocation;
  readonly definition: ToolDefinition;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly step: NonNullable<ToolContext["step"]>;
}

/** Failures that another attempt cannot mend. */
const FINAL = new Set(["tool_input_invalid", "tool_unavailable", "tool_changed"]);

/** Only `retry` tools have a policy (see `tool()`), so nothing happens twice that must not. */
async function withRetries(tool: Bounded, random: () => number): Promise<ToolOutcome> {
  const { definition, signal, clock } = tool;
  const policy = definition.onCrash === "retry" ? definition.retry : undefined;
  for (let made = 1; ; made++) {
    const outcome = await bounded(tool);
    const mendable = outcome.status === "error" && !FINAL.has(outcome.code);
    if (policy === undefined || !mendable || made >= policy.maxAttempts || signal.aborted) return outcome;
    try {
      await sleepUntil(clock, clock.now() + backoffMs(policy, made, random), signal);
    } catch {
      return outcome;
    }
  }
}

/** The steps of a composite body (D14): a recorded one is answered from the record. */
function stepOf(envelope: EffectEnvelope, { journal }: EffectContext): Bounded["step"] {
  const before = journal?.recorded(envelope)?.steps;
  const used = new Set<string>();
  return async (stepId, run) => {
    if (used.has(stepId)) {
      throw new PawlError(
        "duplicate_step_id",
        `The step "${stepId}" occurs twice in one body. Give each step an id of its own.`,
      );
    }
    used.add(stepId);
    const recorded = before?.get(stepId);
    if (recorded !== undefined) return recorded;
    const value = storable(await run());
    await journal?.step(envelope, stepId, value);
    return value;
  };
}

/** One attempt that ends by its deadline or soon after an abort, whether or not the tool looks at its signal. */
async function bounded({ turn, call, definition, signal, clock, step }: Bounded): Promise<ToolOutcome> {
  const deadline = new AbortController();
  const timeoutMs = definition.timeoutMs ?? DEFAULT_TOOL_TIMEOUT_MS;
  const late: ToolOutcome =
    definition.onCrash === "ask"
      ? { status: "cancelled", certainty: "outcome_unknown" }
      : { status: "error", code: "tool_timeout", message: `The tool did not answer within ${timeoutMs} ms.` };
  let cancelTimer = () => {};
  const expired = new Promise<ToolOutcome>((resolve) => {
    cancelTimer = clock.at(clock.now() + timeoutMs, () => {
      deadline.abort(new PawlError("tool_timeout", `The tool did not answer within ${timeoutMs} ms.`));
      resolve(late);
    });
  });
  const execution = turn.toolbox.execute(call, {
    signal: AbortSignal.any([signal, deadline.signal]),
    ...(definition.composite === true && { step }),
  });
  try {
    return await Promise.race([execution, expired, aborted(signal, clock)]);
  } catch (thrown) {
    const { code, message } = PawlError.from(thrown, "tool_failed");
    return { status: "error", code, message };
  } finally {
    cancelTimer();
    execution.catch(() => {});
  }
}

/** How long a tool may take to stop by itself after an abort, in milliseconds. */
const STOP_WITHIN_MS = 1_000;

function aborted(signal: AbortSignal, clock: Clock): Promise<ToolOutcome> {
  return new Promise((resolve) => {
    const giveUp = () =>
      clock.at(clock.now() + STOP_WITHIN_MS, () =>
        resolve({ status: "cancelled", certainty: "outcome_unknown" }),
      );
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });
}

function done(result: ToolOutcome): ToolLaunch {
  return { status: "done", result };
}
