import { describe, expect, test } from "vitest";
import {
  type EffectOutcome,
  effectId,
  eventsOfRow,
  inputId,
  type LogBody,
  type MachineEvent,
  parseEventId,
  type ToolLaunch,
  turnId,
} from "../../src/index.ts";
import { call, text, usage } from "../turn/turn-under-test.ts";

const ID = effectId("1.tool_call.0");
const AT = 1_700_000_000_000;
const of = (body: LogBody, seq = 7) => {
  return eventsOfRow({ seq, turnId: turnId("t1"), ordinal: null, at: AT, body });
};
const settled = (outcome: EffectOutcome, over: Partial<Extract<LogBody, { kind: "machine_input" }>> = {}) =>
  of({
    kind: "machine_input",
    input: { type: "effect_settled", now: AT, effectId: ID, outcome },
    ...over,
  });
const only = <T>(list: readonly T[]): T => {
  expect(list).toHaveLength(1);
  return list[0] as T;
};

describe("the events of a row", () => {
  test("name their row and their place in it, and whose they are", () => {
    const ended: MachineEvent = { type: "turn.ended", outcome: { status: "completed", text: "hi" } };
    const limit: MachineEvent = { type: "limit.reached", limit: "tokens" };
    const begin = {
      type: "begin",
      now: AT,
      sessionId: "s",
      turnId: "t1",
      inputs: [],
      base: { revision: 0, messages: 0 },
    } as const;
    const events = of({ kind: "machine_input", input: begin, events: [limit, ended] });
    expect(events.map((e) => [e.id, e.type])).toEqual([
      ["7.0", "turn.started"],
      ["7.1", "limit.reached"],
      ["7.2", "turn.ended"],
    ]);
    expect(events[2]).toEqual({ id: "7.2", seq: 7, turnId: "t1", at: AT, ...ended });
  });

  test("of an answer: its text, its calls, and whether the text was shown before", () => {
    const answer = {
      parts: [text("Let me "), { type: "reasoning", text: "hm" } as const, text("look."), call("c1")],
      terminalReason: "tool_use",
      usage: usage({ inputTokens: 3 }),
      model: "m",
    } as const;
    const outcome = { kind: "model_call", result: { ok: true, answer }, textStreamed: true } as const;
    expect(only(settled(outcome))).toMatchObject({
      type: "model.answered",
      effectId: ID,
      text: "Let me look.",
      toolCalls: [{ callId: "c1", name: "weather", input: {} }],
      terminalReason: "tool_use",
      model: "m",
      streamed: true,
    });
  });

  test("of a failed model call: what people need, and not what the provider said in full", () => {
    const failure = {
      message: "overloaded",
      retryable: true,
      terminalReason: "provider_error",
      raw: "secret",
      requestBody: "secret",
    } as const;
    const event = only(settled({ kind: "model_call", result: { ok: false, failure }, textStreamed: false }));
    expect(event).toMatchObject({ type: "model.failed", message: "overloaded" });
    expect(JSON.stringify(event)).not.toContain("secret");
  });

  const launches: [ToolLaunch, string[]][] = [
    [{ status: "done", result: { status: "ok", output: 1 } }, ["tool.finished"]],
    [{ status: "ambiguous", attempt: 2 }, ["tool.ambiguous"]],
    [{ status: "pending", wait: { type: "tool_completion", callId: "c1" }, onTimeout: "tell_model" }, []],
  ];
  test.each(launches)("of a tool that was launched as %j", (launch, types) => {
    const command = { kind: "tool_call", name: "weather" };
    const events = settled({ kind: "tool_call", launch }, { command });
    expect(events.map((e) => e.type)).toEqual(types);
    for (const event of events) expect(event).toMatchObject({ name: "weather", effectId: ID });
  });

  test("of other rows", () => {
    expect(only(settled({ kind: "await_event", resolution: { status: "timeout" } }))).toMatchObject({
      type: "wait.settled",
      resolution: "timeout",
    });
    expect(
      only(of({ kind: "effect_intent", effectId: ID, attempt: 1, nonce: "n", startBefore: 1 })),
    ).toMatchObject({ type: "tool.started", attempt: 1 });
    const left = [{ topic: "mail", payload: 1 }];
    const kept = of({ kind: "effect_intent", effectId: ID, attempt: 1, nonce: "n", startBefore: 1, left });
    expect(kept).toEqual([]);
    expect(only(of({ kind: "text_delta", effectId: ID, attempt: 0, text: "he" }))).toMatchObject({
      type: "text.delta",
      text: "he",
    });
    expect(only(of({ kind: "attempt_reset", effectId: ID, attempt: 1 }))).toMatchObject({
      type: "text.reset",
    });
    expect(only(of({ kind: "turn_committed", sequence: 3, digest: "d" }))).toMatchObject({
      type: "turn.committed",
      sequence: 3,
      digest: "d",
    });
  });

  test("of rows that show nothing", () => {
    expect(of({ kind: "step_done", effectId: ID, stepId: "s", value: 1 })).toEqual([]);
    expect(settled({ kind: "checkpoint", inputs: [{ inputId: inputId("in_1"), parts: [] }] })).toEqual([]);
    expect(
      of({ kind: "machine_input", input: { type: "timer_fired", now: AT, timer: "wall_time" } }),
    ).toEqual([]);
  });

  test("a command without a name shows none", () => {
    const launch = { status: "ambiguous", attempt: 0 } as const;
    expect(only(settled({ kind: "tool_call", launch }))).toMatchObject({ name: "" });
  });
});

describe("where to go on after an event", () => {
  test("its id leads back to its row and place; a row alone means all of it", () => {
    for (const event of of({ kind: "attempt_reset", effectId: ID, attempt: 1 }, 42)) {
      expect(parseEventId(event.id)).toEqual({ seq: 42, index: 0 });
    }
    expect(parseEventId("42")).toEqual({ seq: 42, index: Number.MAX_SAFE_INTEGER });
  });

  test.each(["", "x", "1.", ".1", "1.2.3", "-1", "1e3", " 1", "1 ", "9".repeat(16), "1.9999999"])(
    "%j is no event id",
    (id) => {
      expect(parseEventId(id)).toBeUndefined();
    },
  );
});
