import {
  callId,
  createEnvelope,
  DEFAULT_LIMITS,
  type EffectEnvelope,
  type EffectOutcome,
  executionScope,
  isPawlError,
  type Json,
  type OnCrash,
  positionalEffectId,
  type ToolDefinition,
} from "@pawl/core";

const SCOPE = executionScope.turn("suite-session", "suite-turn");

export function toolEnvelope(input: Json = { n: 1 }, name = "work"): EffectEnvelope {
  const command = {
    kind: "tool_call",
    callId: callId("call-1"),
    name,
    input,
    attempt: 0,
    idempotencyKey: "suite-turn/1.tool_call.0",
  } as const;
  return createEnvelope(SCOPE, positionalEffectId(1, "tool_call", 0), command, {
    type: "turn",
    iteration: 1,
  });
}

export function stepEnvelope(input: Json = 1): EffectEnvelope {
  const command = { kind: "durable_step", stepId: "suite-step", input } as const;
  return createEnvelope(SCOPE, positionalEffectId(1, "durable_step", 0), command, {
    type: "host",
    label: "suite",
  });
}

export function toolDone(output: Json): EffectOutcome {
  return { kind: "tool_call", launch: { status: "done", result: { status: "ok", output } } };
}

export function stepDone(value: Json): EffectOutcome {
  return { kind: "durable_step", value };
}

/** What a controller is handed beside an envelope: the facts of a turn with one tool, and a journal. */
export function contextOf(onCrash: OnCrash, journal?: object, signal = new AbortController().signal): object {
  const definition: ToolDefinition = { name: "work", description: "Works", inputSchema: {}, onCrash };
  const tools = [definition];
  return {
    signal,
    ...(journal && { journal }),
    turn: {
      sessionId: "suite-session",
      turnId: "suite-turn",
      config: {
        version: 1,
        protocol: "standard",
        agent: { name: "suite" },
        tools,
        limits: DEFAULT_LIMITS,
        refreshTools: "turn",
      },
      environment: undefined,
      messages: () => [],
      toolbox: {
        definitions: tools,
        execute: () => Promise.reject(new Error("The suite hands in executors.")),
      },
      spending: { free: () => 0, hold: () => true, heldFor: () => undefined },
    },
  };
}

/** The code of the PawlError that a promise rejects with; `none` when it resolves, `other` for anything else. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (thrown) {
    return isPawlError(thrown) ? thrown.code : "other";
  }
}
