import { describe, expect, test } from "vitest";
import type { ToolCallPart } from "../../src/index.ts";
import { call, configOf, ok, said, text, toolNamed, turn } from "./turn-under-test.ts";

/** All orders of three. */
const ORDERS = ["abc", "acb", "bac", "bca", "cab", "cba"].map((order) => [...order]);

describe("the calls of one answer", () => {
  test.each(ORDERS)(
    "settle in any order (%s, %s, %s); the transcript has the order of the answer",
    (...order) => {
      const t = turn()
        .begin()
        .answer([call("a"), call("b", "refund"), call("c")]);
      expect(t.last.effects.map((e) => e.id)).toEqual(["1.tool_call.0", "1.tool_call.1", "1.tool_call.2"]);
      for (const id of order) t.tool(id, ok(id.toUpperCase()));
      expect(t.phase).toBe("at_checkpoint");
      expect(t.results).toEqual(['a ok "A"', 'b ok "B"', 'c ok "C"']);
      expect(t.state.delta.at(-1)?.id).toBe("turn_1.1.tool");
    },
  );

  test("a failing call does not lose the results of its siblings", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("b"), call("c")])
      .tool("b", { status: "error", code: "boom", message: "it broke", output: { line: 3 } })
      .tool("a", ok(1))
      .tool("c", { status: "cancelled", certainty: "before_start" });
    expect(t.results).toEqual(["a ok 1", 'b error "boom"', 'c cancelled "tool_cancelled"']);
    expect(t.state.noProgress).toBe(0);
    const [, failed, cancelled] = t.state.delta.at(-1)?.parts ?? [];
    expect(failed).toMatchObject({ output: { code: "boom", message: "it broke", output: { line: 3 } } });
    expect(cancelled).toMatchObject({ output: { certainty: "before_start" } });
  });

  test("a call of an unknown tool is answered with the names that there are, and not performed", () => {
    const t = turn()
      .begin()
      .answer([call("a", "nothere"), call("b")]);
    expect(t.last.effects.map((e) => e.id)).toEqual(["1.tool_call.1"]);
    expect(t.last.events).toEqual([
      {
        type: "tool.refused",
        callId: "a",
        name: "nothere",
        code: "tool_unknown",
        message: 'There is no tool "nothere". Tools: refund, weather.',
      },
    ]);
    t.tool("b", ok(1));
    expect(t.results).toEqual(['a error "tool_unknown"', "b ok 1"]);
  });

  test("without any tools the message says so", () => {
    const t = turn({ config: configOf({}, { tools: [] }) })
      .begin()
      .answer([call("a")]);
    expect(t.events).toContainEqual(
      expect.objectContaining({ message: 'There is no tool "weather". Tools: none.' }),
    );
  });

  test("of very many tools only some are named", () => {
    const tools = Array.from({ length: 300 }, (_, i) => toolNamed(`t${1000 + i}`));
    const t = turn({ config: configOf({}, { tools }) })
      .begin()
      .answer([call("a", "t999")]);
    const [refused] = t.events.filter((event) => event.type === "tool.refused");
    expect(refused?.message).toMatch(/^There is no tool "t999"\. Tools: t1000, .*t1049 and 250 more\.$/);
  });

  test("arguments that are not JSON are a failed result, never an empty object", () => {
    const malformed: ToolCallPart = { ...call("a", "refund", '{"cents":'), malformed: true };
    const t = turn().begin().answer([malformed]);
    expect(t.last.effects.map((e) => e.command.kind)).toEqual(["checkpoint"]);
    expect(t.results).toEqual(['a error "tool_input_invalid"']);
    expect(t.state.delta[1]?.parts).toEqual([malformed]);
  });

  test("when all calls of an answer fail there was no progress, and that is bounded", () => {
    const t = turn({ config: configOf({ maxNoProgress: 2 }) }).begin();
    for (const id of ["a", "b"]) t.answer([call(id, "nothere")]).checkpoint();
    expect(t.events).toContainEqual({ type: "limit.reached", limit: "no_progress" });
    expect(t.command(t.only("model_call"))).toMatchObject({ toolChoice: "none" });
    t.answer([text("I give up.")]);
    expect(t.outcome).toEqual({ status: "completed", text: "I give up.", limit: "no_progress" });
  });

  test("a call id that comes twice gets a suffix, in one answer and across answers", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("a"), call("")])
      .tool("a#2", ok(2))
      .tool("a", ok(1))
      .tool("call", ok(3));
    expect(t.results).toEqual(["a ok 1", "a#2 ok 2", "call ok 3"]);
    t.checkpoint().answer([call("a")]);
    expect(t.command("2.tool_call.0")).toMatchObject({ callId: "a#3" });
  });

  test("a call that looks like an earlier one's suffix gets another", () => {
    const t = turn()
      .begin()
      .answer([call("a#2"), call("a"), call("a")]);
    const ids = t.last.effects.map((e) => (e.command.kind === "tool_call" ? e.command.callId : ""));
    expect(ids).toEqual(["a#2", "a", "a#3"]);
  });
});

describe("T3: late and repeated outcomes", () => {
  test("the second settlement of a call is stale", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("b")]);
    const effect = t.effectOf("a");
    t.tool("a", ok(1)).settle(effect, { kind: "tool_call", launch: { status: "done", result: ok(2) } });
    expect(t.last.report).toMatchObject({ code: "stale_input", phase: "running_tools" });
    expect(t.tool("b", ok(3)).results).toEqual(["a ok 1", "b ok 3"]);
  });

  test("an outcome of another iteration's call is stale", () => {
    const t = turn()
      .begin()
      .answer([call("a")]);
    const late = t.effectOf("a");
    t.tool("a", ok(1))
      .checkpoint()
      .answer([call("b")]);
    t.settle(late, { kind: "tool_call", launch: { status: "done", result: ok(9) } });
    expect(t.last.report?.code).toBe("stale_input");
  });

  test("a wait's resolution does not settle the call that opened it, nor the other way round", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("b")]);
    t.settle(t.effectOf("a"), { kind: "await_event", resolution: { status: "ok", payload: 1 } });
    expect(t.last.report?.code).toBe("stale_input");
    t.later("a").settle(t.effectOf("a"), {
      kind: "tool_call",
      launch: { status: "done", result: ok(1) },
    });
    expect(t.last.report?.code).toBe("stale_input");
  });

  test("a turn begins once", () => {
    const t = turn().begin().begin();
    expect(t.last.report?.code).toBe("illegal_input");
  });
});

describe("steering (D19)", () => {
  test("after work: the input is in the transcript before the model is asked again", () => {
    const t = turn()
      .begin()
      .answer([call("a")])
      .tool("a", ok(1))
      .checkpoint(said("in_2", "in Celsius"));
    expect(t.last.events).toEqual([{ type: "input.consumed", inputId: "in_2", boundary: "after_work" }]);
    expect(t.state.delta.at(-1)).toEqual({
      id: "turn_1.user.in_2",
      role: "user",
      parts: [{ type: "text", text: "in Celsius" }],
    });
    expect(t.command("2.model_call.0")).toMatchObject({ upTo: 4 });
  });

  test("before completion: the turn goes on, and its first answer stays in the transcript", () => {
    const t = turn()
      .begin()
      .answer([text("done")])
      .checkpoint(said("in_2"), said("in_3"));
    expect(t.last.events.map((e) => e.type)).toEqual(["input.consumed", "input.consumed"]);
    expect(t.phase).toBe("calling_model");
    t.answer([text("done again")]).checkpoint();
    expect(t.outcome).toEqual({ status: "completed", text: "done again" });
    expect(t.state.consumed).toEqual(["in_1", "in_2", "in_3"]);
    expect(t.state.delta.map((m) => m.role)).toEqual(["user", "assistant", "user", "user", "assistant"]);
    expect(t.ids).toEqual(["1.model_call.0", "1.checkpoint.0", "2.model_call.0", "2.checkpoint.0"]);
  });
});

describe("tools that are looked at anew before each model call", () => {
  const config = configOf({}, { refreshTools: "iteration" });
  const synced = () =>
    turn({ config })
      .begin()
      .answer([call("a")])
      .tool("a", ok(1))
      .checkpoint();

  test("not before the first, since they are fresh then", () => {
    expect(turn({ config }).begin().ids).toEqual(["1.model_call.0"]);
    expect(synced().last.effects).toEqual([
      {
        id: "2.sync_environment.0",
        command: { kind: "sync_environment", updateMachineConfig: true },
      },
    ]);
  });

  test("new tools count from then on", () => {
    const t = synced()
      .synced(["refund"])
      .answer([call("b", "weather"), call("c", "refund")]);
    expect(t.last.events).toMatchObject([{ callId: "b", code: "tool_unknown" }]);
    expect(t.last.effects).toMatchObject([{ command: { name: "refund" } }]);
  });

  test("a refresh that failed leaves the tools as they were", () => {
    const t = synced()
      .synced()
      .answer([call("b", "weather")]);
    expect(t.last.effects).toMatchObject([{ command: { name: "weather" } }]);
  });
});
