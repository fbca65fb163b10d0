import { describe, expect, test } from "vitest";
import type { TerminalReason } from "../../src/index.ts";
import { call, configOf, ok, said, text, turn, usage } from "./turn-under-test.ts";

describe("the standard protocol", () => {
  test("a plain answer ends the turn, after late inputs had their chance", () => {
    const t = turn().begin();
    expect(t.last.effects).toEqual([
      {
        id: "1.model_call.0",
        command: { kind: "model_call", iteration: 1, upTo: 1, toolChoice: "auto" },
      },
    ]);
    t.answer([text("Hello, "), text("you.")]);
    expect(t.last.effects).toEqual([
      { id: "1.checkpoint.0", command: { kind: "checkpoint", checkpoint: "before_completion" } },
    ]);
    t.checkpoint();
    expect(t.outcome).toEqual({ status: "completed", text: "Hello, you." });
    expect(t.state.delta.map((m) => [m.id, m.role])).toEqual([
      ["turn_1.user.in_1", "user"],
      ["turn_1.1.assistant", "assistant"],
    ]);
    expect(t.state.usage).toEqual(usage({ modelCalls: 1, inputTokens: 10, outputTokens: 5 }));
    expect(t.events.map((e) => e.type)).toEqual(["input.consumed", "turn.ended"]);
  });

  test("a structured answer is the turn's output, also when it comes without text", () => {
    const t = turn()
      .begin()
      .answer([{ type: "structured", value: { city: "Oslo" } }])
      .checkpoint();
    expect(t.outcome).toEqual({ status: "completed", text: "", output: { city: "Oslo" } });
  });

  test("T6 an answer that misses its schema leaves the transcript, and is asked for once more with what was wrong", () => {
    const output = { schema: { type: "object" } };
    const t = turn({ config: configOf({}, { output }) })
      .begin()
      .answer([text("cold")]);
    expect(t.last.effects).toEqual([
      {
        id: "1.model_call.0/1.again",
        command: expect.objectContaining({ iteration: 1, upTo: 1, note: expect.stringContaining("cold") }),
      },
    ]);
    expect(t.state.delta.map(({ role }) => role)).toEqual(["user"]);
    t.answer([{ type: "structured", value: { celsius: -3 } }]).checkpoint();
    expect(t.outcome).toEqual({ status: "completed", text: '{"celsius":-3}', output: { celsius: -3 } });
  });

  test("an answer that misses its schema twice fails the turn", () => {
    const t = turn({ config: configOf({}, { output: { schema: {} } }) })
      .begin()
      .answer([text("cold")])
      .answer([text("colder")]);
    expect(t.outcome).toMatchObject({ status: "failed", code: "output_invalid" });
    expect(t.state.delta.map(({ role }) => role)).toEqual(["user", "assistant"]);
  });

  test("a tool's result goes back to the model, which then answers", () => {
    const t = turn()
      .begin()
      .answer([text("Let me look."), call("c1", "weather", { city: "Oslo" })]);
    expect(t.last.effects).toEqual([
      {
        id: "1.tool_call.0",
        command: {
          kind: "tool_call",
          callId: "c1",
          name: "weather",
          input: { city: "Oslo" },
          attempt: 0,
          idempotencyKey: "turn_1/1.tool_call.0",
        },
      },
    ]);
    t.tool("c1", ok("sunny"));
    expect(t.last.effects[0]?.command).toEqual({ kind: "checkpoint", checkpoint: "after_work" });
    t.checkpoint();
    expect(t.last.effects).toEqual([
      {
        id: "2.model_call.0",
        command: { kind: "model_call", iteration: 2, upTo: 3, toolChoice: "auto" },
      },
    ]);
    t.answer([text("Sunny.")]).checkpoint();
    expect(t.outcome).toEqual({ status: "completed", text: "Sunny." });
    expect(t.state.delta.map((m) => m.role)).toEqual(["user", "assistant", "tool", "assistant"]);
    expect(t.state.usage.modelCalls).toBe(2);
  });

  test("a turn may begin with several inputs, in their order", () => {
    const t = turn().begin({ inputs: [said("in_1", "one"), said("in_2", "two")] });
    expect(t.state.delta.map((m) => m.id)).toEqual(["turn_1.user.in_1", "turn_1.user.in_2"]);
    expect(t.state.consumed).toEqual(["in_1", "in_2"]);
  });

  test("the whole answer is one message: reasoning and provider facts go back as they came", () => {
    const reasoning = { type: "reasoning", text: "hm", provider: { signature: "abc" } } as const;
    const t = turn()
      .begin()
      .answer([reasoning, call("c1")])
      .tool("c1", ok(1));
    expect(t.state.delta[1]?.parts).toEqual([reasoning, call("c1")]);
  });
});

describe("an answer that brings nothing", () => {
  test.each([
    ["no part", []],
    ["blank text", [text("  \n")]],
    ["only reasoning", [{ type: "reasoning", text: "hm" } as const]],
  ])("%s: the model is asked again, as if it had not answered", (_, parts) => {
    const t = turn().begin().answer(parts);
    expect(t.last.effects).toEqual([
      {
        id: "1.model_call.0/1.again",
        command: { kind: "model_call", iteration: 1, upTo: 1, toolChoice: "auto" },
      },
    ]);
    expect(t.state.delta).toHaveLength(1);
    t.answer([text("now")]).checkpoint();
    expect(t.outcome).toEqual({ status: "completed", text: "now" });
    expect(t.state.delta.map((m) => m.id)).toEqual(["turn_1.user.in_1", "turn_1.1.1.assistant"]);
    expect(t.state.usage.modelCalls).toBe(2);
  });

  test("again and again: the no-progress bound asks for a last answer, and then it is over", () => {
    const t = turn({ config: configOf({ maxNoProgress: 2 }) })
      .begin()
      .answer([])
      .answer([]);
    expect(t.last.events).toEqual([{ type: "limit.reached", limit: "no_progress" }]);
    expect(t.command("2.model_call.0")).toMatchObject({ toolChoice: "none" });
    t.answer([]);
    expect(t.outcome).toMatchObject({ status: "failed", code: "model_answered_nothing" });
    expect(t.state.delta).toHaveLength(1);
  });

  test("only answers in a row count: one that brought something begins the count anew", () => {
    const t = turn({ config: configOf({ maxNoProgress: 2 }) })
      .begin()
      .answer([])
      .answer([text("done")]);
    t.checkpoint(said("in_2")).answer([]);
    expect(t.command("2.model_call.0/1.again")).toMatchObject({ toolChoice: "auto" });
  });
});

describe("an answer that was cut off", () => {
  const reasons: TerminalReason[] = ["output_limit", "context_overflow", "content_filter", "provider_error"];
  test.each(reasons)("%s ends the turn with a code, and its calls are answered", (terminalReason) => {
    const t = turn()
      .begin()
      .answer([text("I will"), call("c1")], { terminalReason });
    expect(t.outcome).toMatchObject({ status: "failed", code: `model_${terminalReason}` });
    expect(t.results).toEqual(['c1 error "turn_ended"']);
    expect(t.last.events.map((e) => e.type)).toEqual(["tool.refused", "turn.ended"]);
  });
});

describe("a model call that failed", () => {
  test("ends the turn with the code of the failure", () => {
    const t = turn().begin().modelFails({ code: "rate_limited", message: "Too many requests." });
    expect(t.outcome).toEqual({ status: "failed", code: "rate_limited", message: "Too many requests." });
    expect(t.last.aborts).toEqual([]);
  });

  test("has a code of its own when the provider gave none", () => {
    expect(turn().begin().modelFails().outcome).toMatchObject({ code: "model_call_failed" });
  });

  test("after tools ran, their results stay in the transcript", () => {
    const t = turn()
      .begin()
      .answer([call("c1")])
      .tool("c1", ok(1))
      .checkpoint()
      .modelFails();
    expect(t.outcome.status).toBe("failed");
    expect(t.results).toEqual(["c1 ok 1"]);
  });
});
