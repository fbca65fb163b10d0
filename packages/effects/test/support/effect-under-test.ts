import {
  type CommandOf,
  callId,
  createEnvelope,
  DEFAULT_LIMITS,
  type EffectCommand,
  type EffectEnvelope,
  type EffectId,
  executionScope,
  type Json,
  type Message,
  NO_USAGE,
  positionalEffectId,
  type ToolDefinition,
  type ToolOutcome,
  type TurnConfig,
} from "@pawl/core";
import type { Toolbox } from "@pawl/core/ports";
import type { EffectContext, TurnFacts, TurnSpending } from "@pawl/effects";
import type { ManualClock } from "@pawl/testing";

export const SCOPE = executionScope.turn("s1", "turn_1");

export function envelopeOf<Command extends EffectCommand>(
  command: Command,
  id: EffectId = positionalEffectId(1, command.kind, 0),
): EffectEnvelope<Command> {
  return createEnvelope(SCOPE, id, command, { type: "turn", iteration: 1 });
}

export function toolEnvelope(
  input: Json = { n: 1 },
  { name = "work", attempt = 0, counter = 0 } = {},
): EffectEnvelope<CommandOf<"tool_call">> {
  return envelopeOf(
    {
      kind: "tool_call",
      callId: callId(`call-${counter}`),
      name,
      input,
      attempt,
      idempotencyKey: `turn_1/1.tool_call.${counter}`,
    },
    positionalEffectId(1, "tool_call", counter),
  );
}

export const MODEL_CALL: CommandOf<"model_call"> = {
  kind: "model_call",
  iteration: 1,
  upTo: 0,
  toolChoice: "auto",
};

export function definition(given: Partial<ToolDefinition> = {}): ToolDefinition {
  return { name: "work", description: "Works", inputSchema: {}, onCrash: "retry", ...given };
}

/** A toolbox of one tool whose calls are answered by `execute`. */
export function toolboxOf(
  execute: Toolbox["execute"],
  given: Partial<ToolDefinition> = {},
  more: Partial<Toolbox> = {},
): Toolbox {
  return { definitions: [definition(given)], execute, ...more };
}

export function configOf(given: Partial<TurnConfig> = {}): TurnConfig {
  return {
    version: 1,
    protocol: "standard",
    agent: { name: "clerk" },
    tools: [],
    limits: DEFAULT_LIMITS,
    refreshTools: "turn",
    ...given,
  };
}

export const NO_SPENDING: TurnSpending = {
  free: () => 0,
  hold: () => true,
  heldFor: () => undefined,
  carve: () => undefined,
  carved: () => {},
};

export function turnOf(
  toolbox: Toolbox,
  given: Partial<Omit<TurnFacts, "messages">> & { readonly transcript?: readonly Message[] } = {},
): TurnFacts {
  const { transcript = [], ...facts } = given;
  return {
    sessionId: "s1",
    turnId: "turn_1",
    config: configOf(),
    environment: undefined,
    messages: (upTo) => transcript.slice(0, upTo),
    delta: [],
    handingOver: [],
    parent: undefined,
    toolbox,
    spending: NO_SPENDING,
    ...facts,
  };
}

export function contextOf(toolbox: Toolbox, given: Partial<EffectContext> = {}): EffectContext {
  return { signal: new AbortController().signal, turn: turnOf(toolbox), ...given };
}

export const OK: ToolOutcome = { status: "ok", output: "fine" };
export const NEVER: Promise<never> = new Promise(() => {});

export function answer(text: string) {
  const parts = [{ type: "text", text }] as const;
  return {
    ok: true,
    answer: { parts, terminalReason: "stop", usage: { ...NO_USAGE, modelCalls: 1 }, model: "m" },
  } as const;
}

/** An answer that calls these tools. */
export function answerWith(names: readonly string[]) {
  const parts = names.map(
    (name, n) => ({ type: "tool_call", callId: callId(`call_${n + 1}`), name, input: {} }) as const,
  );
  const { answer: said } = answer("");
  return { ok: true, answer: { ...said, parts, terminalReason: "tool_use" } } as const;
}

/** Moves time from timer to timer until the promise settles. Fails when it is not over after `timers` of them. */
export async function until<T>(clock: ManualClock, promise: Promise<T>, timers = 500): Promise<T> {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  for (let n = 0; n < timers && !settled; n++) {
    await clock.advance(0);
    if (!settled && !(await clock.next())) await clock.advance(1_000);
  }
  if (!settled) throw new Error(`It is not over after ${timers} timers of the manual clock.`);
  return promise;
}
