import {
  type CommandOf,
  type EffectEnvelope,
  PawlError,
  type ToolDefinition,
  type ToolLaunch,
  type ToolOutcome,
} from "@pawl/core";
import type { Clock, ToolInvocation } from "@pawl/core/ports";
import type { EffectContext, EffectExecutor, TurnFacts } from "../controller/effect-controller.ts";

/** Longest attempt of a tool that names no bound of its own, in milliseconds: nothing may hang for ever. */
export const DEFAULT_TOOL_TIMEOUT_MS = 10 * 60 * 1000;

/** Performs `tool_call` through the turn's toolbox. */
export function toolExecutor(options: { readonly clock: Clock }): EffectExecutor<"tool_call"> {
  return async (envelope, context) => {
    const { turn } = context;
    if (turn === undefined)
      throw new PawlError("turn_missing", "A tool_call is performed within a turn only.");
    const definition = turn.toolbox.definitions.find((tool) => tool.name === envelope.command.name);
    const launch = await attempt(envelope, context, turn, definition, options.clock);
    return { kind: "tool_call", launch };
  };
}

async function attempt(
  envelope: EffectEnvelope<CommandOf<"tool_call">>,
  context: EffectContext,
  turn: TurnFacts,
  definition: ToolDefinition | undefined,
  clock: Clock,
): Promise<ToolLaunch> {
  const { callId, name, input, idempotencyKey } = envelope.command;
  if (definition === undefined) {
    const message = `The tool "${name}" is not offered any more by this host. Choose another one.`;
    return done({ status: "error", code: "tool_unavailable", message });
  }
  if (context.signal.aborted) {
    // After a take-over a tool that may be repeated leaves no trace of an attempt: nobody can say.
    return done({ status: "cancelled", certainty: context.resumed ? "outcome_unknown" : "before_start" });
  }
  const { sessionId, turnId } = turn;
  const call = { sessionId, turnId, callId, name, input, idempotencyKey, attempt: envelope.command.attempt };
  const outcome = await bounded(turn, call, definition, context.signal, clock);
  // What ended without the tool's own word is ambiguous for a tool that may not happen twice (D12), unless the turn is being
  // stopped: then nobody will perform it again, and the record says that it is unknown.
  const unknown = outcome.status === "cancelled" && outcome.certainty === "outcome_unknown";
  if (unknown && definition.onCrash === "ask" && !context.signal.aborted) {
    return { status: "ambiguous", attempt: envelope.command.attempt };
  }
  return done(outcome);
}

/** One attempt that ends by its deadline or soon after an abort, whether or not the tool looks at its signal. */
async function bounded(
  turn: TurnFacts,
  call: ToolInvocation,
  definition: ToolDefinition,
  signal: AbortSignal,
  clock: Clock,
): Promise<ToolOutcome> {
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
  const execution = turn.toolbox.execute(call, { signal: AbortSignal.any([signal, deadline.signal]) });
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
