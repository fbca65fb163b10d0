import {
  type ChildIds,
  type ChildTurn,
  type CommandOf,
  childIds,
  DEFAULT_MAX_CHILDREN,
  DEFAULT_MAX_DEPTH,
  type EffectEnvelope,
  type ErrorFacts,
  type Grant,
  isPawlError,
  type Json,
  type JsonDigest,
  loadJsonDigest,
  type ParentTurn,
  type Reserved,
  type SessionId,
  type ToolDefinition,
  type ToolLaunch,
  type TurnConfig,
  type TurnId,
  type TurnLimits,
} from "@pawl/core";
import type { Inbox, InputRecord } from "@pawl/core/ports";
import type { EffectContext, EffectExecutor, TurnFacts } from "../controller/effect-controller.ts";

/** What a child turn is begun with, beside its task. */
export interface ChildRequest {
  readonly agent: string;
  readonly parent: ParentTurn;
  /** Carved from the parent's. */
  readonly limits: Pick<TurnLimits, "maxTokens" | "maxCostNanoUsd" | "maxDepth">;
  readonly grant: Grant;
  /** Of the parent: the calls that it may not make unasked, its agents may not either. */
  readonly ask?: readonly string[];
  readonly environment?: Json;
  /** W3C `traceparent` that the child's turn belongs to. */
  readonly trace?: string;
}

export interface DelegationOptions {
  readonly inbox: Pick<Inbox, "accept" | "load">;
  /** The request as the content of an input carries it. */
  readonly write: (request: ChildRequest) => Json;
  /** What was set aside for a child that is there already, and for whom it works. */
  readonly read: (environment: Json | undefined) => Pick<ChildRequest, "limits"> & {
    readonly parent: ParentTurn | undefined;
  };
  /** Whose trace the child's turn belongs to, asked for while the call is performed. Undefined: one of its own. */
  readonly traceOf?: (child: TurnPlace, parent: TurnPlace) => Promise<string | undefined>;
  /** The agent's own bounds; undefined for one that this host does not have. */
  readonly limitsOf: (agent: string) => TurnLimits | undefined;
}

interface TurnPlace {
  readonly sessionId: string;
  readonly turnId: string;
}

type Call = EffectEnvelope<CommandOf<"tool_call">>;

/**
 * Performs calls of tools that stand for other agents, and hands the others on. The child is an input of a session of its own, and
 * the ids of both are made from the call's key: however often the call is performed, by whomever, it is one child (D22).
 */
export function delegatingExecutor(
  others: EffectExecutor<"tool_call">,
  options: DelegationOptions,
): EffectExecutor<"tool_call"> {
  return async (envelope, context) => {
    const { turn } = context;
    const definition = turn?.toolbox.definitions.find(({ name }) => name === envelope.command.name);
    if (turn === undefined || definition?.delegate === undefined) return await others(envelope, context);
    return { kind: "tool_call", launch: await handOver(envelope, context, turn, definition, options) };
  };
}

async function handOver(
  envelope: Call,
  { signal, resumed }: EffectContext,
  turn: TurnFacts,
  definition: ToolDefinition,
  options: DelegationOptions,
): Promise<ToolLaunch> {
  const { input, idempotencyKey } = envelope.command;
  const digest = await loadJsonDigest();
  const ids = childIds(idempotencyKey, turn.sessionId as SessionId, digest);
  if (resumed === true) await learnOfChildren(turn, options, digest);
  let child = await options.inbox.load(ids.inputId);
  if (child === null) {
    const task = taskOf(input);
    if (task === undefined) {
      const message = 'Say what the agent shall do: { "task": "…" } with some text.';
      return refused({ code: "tool_input_invalid", message });
    }
    const refusal = tooMany(envelope, turn, definition, options);
    if (refusal !== undefined) return refused(refusal);
    const budget = carve(envelope, turn, definition, options);
    if (budget === undefined) return refused(NOTHING_LEFT);
    signal.throwIfAborted();
    child = await begin(envelope, turn, definition, ids, task, budget, options);
  }
  return handedOver(child, ids, turn.config, definition, options);
}

/** Children that a dead owner began and did not record: what they were given is not to be given again. */
async function learnOfChildren(
  { handingOver, sessionId, spending }: TurnFacts,
  { inbox, read }: DelegationOptions,
  digest: JsonDigest,
): Promise<void> {
  for (const key of handingOver) {
    const child = await inbox.load(childIds(key, sessionId as SessionId, digest).inputId);
    if (child === null) continue;
    const { maxTokens: tokens, maxCostNanoUsd: costNanoUsd } = read(child.content.environment).limits;
    spending.carved(key, {
      ...(tokens !== undefined && { tokens }),
      ...(costNanoUsd !== undefined && { costNanoUsd }),
    });
  }
}

/** The child that is there, whoever began it: what it was given is what is set aside. */
function handedOver(
  child: InputRecord,
  { sessionId, turnId }: ChildIds,
  { limits }: TurnConfig,
  { delegate, timeoutMs }: ToolDefinition,
  { read }: DelegationOptions,
): ToolLaunch {
  const given = read(child.content.environment).limits;
  const reserved: Reserved = {
    ...(limits.maxTokens !== undefined && given.maxTokens !== undefined && { tokens: given.maxTokens }),
    ...(limits.maxCostNanoUsd !== undefined &&
      given.maxCostNanoUsd !== undefined && { costNanoUsd: given.maxCostNanoUsd }),
  };
  const facts: ChildTurn = { agent: delegate?.agent ?? "", sessionId, turnId, reserved };
  return {
    status: "delegated",
    child: facts,
    ...(timeoutMs !== undefined && { deadline: child.acceptedAt + timeoutMs }),
  };
}

function taskOf(input: Json): string | undefined {
  if (typeof input !== "object" || input === null || !("task" in input)) return undefined;
  return typeof input.task === "string" && input.task.trim() !== "" ? input.task : undefined;
}

function tooMany(
  { command }: Call,
  { config, parent, delta, environment }: TurnFacts,
  { delegate }: ToolDefinition,
  { limitsOf }: DelegationOptions,
): ErrorFacts | undefined {
  const { maxChildren = DEFAULT_MAX_CHILDREN, maxDepth = DEFAULT_MAX_DEPTH } = config.limits;
  if (delegate === undefined || limitsOf(delegate.agent) === undefined) {
    const message = `This host has no agent "${delegate?.agent}". Do the work without it.`;
    return { code: "agent_unknown", message };
  }
  if ((parent?.path.length ?? 0) >= maxDepth) {
    const message = `Work may be handed on ${maxDepth} times only. Do it without another agent.`;
    return { code: "agent_depth_reached", message };
  }
  const tools = environment?.tools ?? config.tools;
  const names = new Set(tools.filter((tool) => tool.delegate !== undefined).map((tool) => tool.name));
  const calls = delta.flatMap((message) =>
    message.parts.flatMap((part) => (part.type === "tool_call" && names.has(part.name) ? [part.callId] : [])),
  );
  if (calls.indexOf(command.callId) < maxChildren) return undefined;
  const message = `A turn may hand over ${maxChildren} calls, and these are handed over. Do the work without another agent.`;
  return { code: "agent_children_reached", message };
}

const NOTHING_LEFT: ErrorFacts = {
  code: "budget_exhausted",
  message: "Nothing of the budget is left for another agent. Do the work without one.",
};

/** What the child may spend; undefined when nothing is left. Held until the turn's state says so. */
function carve(
  { command }: Call,
  { config, spending }: TurnFacts,
  { delegate }: ToolDefinition,
  { limitsOf }: DelegationOptions,
): ChildRequest["limits"] | undefined {
  const own = limitsOf(delegate?.agent ?? "");
  const want = {
    tokens: least(delegate?.budget?.tokens, own?.maxTokens),
    costNanoUsd: least(delegate?.budget?.costNanoUsd, own?.maxCostNanoUsd),
  };
  const carved = spending.carve(command.idempotencyKey, want, config.limits);
  if (carved === undefined) return undefined;
  const { tokens, costNanoUsd } = carved;
  const maxDepth = least(config.limits.maxDepth ?? DEFAULT_MAX_DEPTH, own?.maxDepth);
  return {
    ...(tokens !== undefined && { maxTokens: tokens }),
    ...(costNanoUsd !== undefined && { maxCostNanoUsd: costNanoUsd }),
    ...(maxDepth !== undefined && { maxDepth }),
  };
}

function least(...amounts: readonly (number | undefined)[]): number | undefined {
  const known = amounts.filter((amount) => amount !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

async function begin(
  { command }: Call,
  { config, sessionId, turnId, parent }: TurnFacts,
  { delegate }: ToolDefinition,
  ids: ChildIds,
  task: string,
  limits: ChildRequest["limits"],
  { inbox, write, traceOf }: DelegationOptions,
): Promise<InputRecord> {
  const agent = delegate?.agent ?? "";
  const step = { agent, callId: command.callId, sessionId: ids.sessionId, turnId: ids.turnId };
  const trace = await traceOf?.(ids, { sessionId, turnId });
  const tools = [...(config.grant?.tools ?? []), ...(delegate?.tools ? [delegate.tools] : [])];
  const environment = write({
    agent,
    parent: {
      sessionId: sessionId as SessionId,
      turnId: turnId as TurnId,
      path: [...(parent?.path ?? []), step],
    },
    limits,
    grant: { tools },
    ...(config.ask !== undefined && { ask: config.ask }),
    ...(config.environment !== undefined && { environment: config.environment }),
    ...(trace !== undefined && { trace }),
  });
  try {
    const { input } = await inbox.accept({
      inputId: ids.inputId,
      sessionId: ids.sessionId,
      content: { parts: [{ type: "text", text: task }], environment },
      delivery: "next",
      idempotencyKey: "begin",
    });
    return input;
  } catch (thrown) {
    // Somebody who does not know that he was superseded was faster, and set another amount aside: his child is the one.
    const there = isPawlError(thrown, "store_conflict") ? await inbox.load(ids.inputId) : null;
    if (there === null) throw thrown;
    return there;
  }
}

function refused({ code, message }: ErrorFacts): ToolLaunch {
  return { status: "done", result: { status: "error", code, message } };
}
