import {
  BEHAVIOUR,
  DEFAULT_LIMITS,
  effectId,
  executionScope,
  inputId,
  type LogBody,
  type Message,
  type ProcessRegistration,
  processId,
  sessionId,
  type TurnConfig,
  type TurnOutcome,
  turnId,
  type Usage,
} from "@pawl/core";
import type { NewAwaitEvent, NewInput } from "@pawl/core/ports";

/** The behaviour version that the suite's turns are of. */
export const BEHAVIOUR_NOW = BEHAVIOUR;

export function newInput(id: string, session: string, more: Partial<NewInput> = {}): NewInput {
  return {
    inputId: inputId(id),
    sessionId: sessionId(session),
    content: { parts: [{ type: "text", text: `content of ${id}` }], environment: { agent: "a", deep: [1] } },
    delivery: "next",
    ...more,
  };
}

/** An event of the turn `turn_<session>` that never times out. */
export function newAwaitEvent(
  keyId: string,
  session: string | null = "s1",
  more: Partial<NewAwaitEvent> = {},
): NewAwaitEvent {
  const turn = session === null ? null : turnId(`turn_${session}`);
  return {
    keyId,
    scope:
      session === null || turn === null
        ? executionScope.runtimeOperation(`op_${keyId}`)
        : executionScope.turn(session, turn),
    wait: { type: "tool_completion", callId: `call of ${keyId}` },
    sessionId: session === null ? null : sessionId(session),
    turnId: turn,
    dueAt: null,
    info: { type: "approval", tool: "refund", deep: [{ text: "ünïcödé 🐢" }, null] },
    ...more,
  };
}

/** A process named `import`, which takes two signals. */
export function newProcess(id: string, more: Partial<ProcessRegistration> = {}): ProcessRegistration {
  return {
    processId: processId(id),
    name: "import",
    input: { of: id, text: "ünïcödé 🐢" },
    disposition: "rerunnable",
    signals: [
      { name: "rate", schema: { type: "number" } },
      { name: "pause", schema: { type: "object" } },
    ],
    wake: null,
    ...more,
  };
}

export function config(name = "assistant"): TurnConfig {
  return {
    version: 1,
    protocol: "standard",
    agent: { name, instructions: "Be brief. «ünïcödé» 🐢" },
    tools: [
      {
        name: "refund",
        description: "Refunds",
        inputSchema: { type: "object", properties: { cents: { type: "integer" } } },
        onCrash: "ask",
      },
    ],
    limits: DEFAULT_LIMITS,
    refreshTools: "turn",
  };
}

export function userMessage(id: string, text = `says ${id}`): Message {
  return { id, role: "user", parts: [{ type: "text", text }] };
}

export function assistantMessage(id: string, text = `answers ${id}`): Message {
  return { id, role: "assistant", parts: [{ type: "text", text, provider: { signature: "x" } }] };
}

export const COMPLETED: TurnOutcome = { status: "completed", text: "done" };

export const USAGE: Usage = {
  modelCalls: 2,
  inputTokens: 10,
  outputTokens: 4,
  reasoningTokens: 1,
  cachedInputTokens: 3,
  costNanoUsd: 1_234_567_890,
};

export function textDelta(text: string): LogBody {
  return { kind: "text_delta", effectId: effectId("0/model_call/0"), attempt: 0, text };
}
