import { describe, expect, test } from "vitest";
import type { CallId, TurnAction } from "../../src/index.ts";
import { call, configOf, ok, protocolOf, text, turn } from "./turn-under-test.ts";

/** Lets the model write a program: a call of `run` is one, whose value is the call's result. */
const code = (over: Parameters<typeof protocolOf>[0] = {}) =>
  protocolOf({
    modelAnswered: (_, { parts }): TurnAction => {
      const run = parts.find((part) => part.type === "tool_call" && part.name === "run");
      if (run?.type === "tool_call") {
        return { type: "execute_code", language: "js", code: String(run.input), callId: run.callId };
      }
      return {
        type: "complete",
        text: parts.map((part) => (part.type === "text" ? part.text : "")).join(""),
      };
    },
    ...over,
  });
const program = call("c1", "run", "1 + 1");

describe("a protocol that executes code", () => {
  test("the program's value is the result of the call that it stands for", () => {
    const t = turn({ protocol: code() }).begin().answer([program]);
    expect(t.last.effects).toEqual([
      { id: "1.exec_code.0", command: { kind: "exec_code", language: "js", code: "1 + 1" } },
    ]);
    t.code(2);
    expect(t.results).toEqual(["c1 ok 2"]);
    expect(
      t
        .checkpoint()
        .answer([text("two")])
        .checkpoint().outcome,
    ).toEqual({
      status: "completed",
      text: "two",
    });
  });

  test("a program that fails is a failed result, and no progress", () => {
    const t = turn({ protocol: code() }).begin().answer([program]);
    const error = { code: "code_threw", message: "x is not defined" };
    t.settle("1.exec_code.0", { kind: "exec_code", result: { ok: false, error } });
    expect(t.results).toEqual(['c1 error "code_threw"']);
    expect(t.state.noProgress).toBe(1);
  });

  test("other calls of the answer are answered as not run", () => {
    const t = turn({ protocol: code() })
      .begin()
      .answer([call("b"), program])
      .code(2);
    expect(t.results).toEqual(['b error "tool_not_run"', "c1 ok 2"]);
    expect(t.last.events).toMatchObject([{ type: "tool.refused", callId: "b", code: "tool_not_run" }]);
  });

  test("a turn that ends while the program runs does not know what came of it", () => {
    const t = turn({ protocol: code() })
      .begin()
      .answer([call("b"), program])
      .cancel()
      .fire("cancel_grace");
    expect(t.results).toEqual(['b error "turn_cancelled"', 'c1 unknown "tool_outcome_unknown"']);
  });

  test("T6: one program after the other, each with an id of its own", () => {
    const run = { type: "execute_code", language: "js", code: "2" } as const;
    const t = turn({ protocol: code({ codeAnswered: () => run }) })
      .begin()
      .answer([program])
      .code(1)
      .code(2);
    expect(t.ids).toEqual(["1.model_call.0", "1.exec_code.0", "1.exec_code.1", "1.exec_code.2"]);
    // Programs alone do not advance the loop; what bounds them is the wall time.
    t.fire("wall_time").code(3);
    expect(t.command(t.only("model_call"))).toMatchObject({ toolChoice: "none" });
  });
});

describe("T2: whatever a protocol decides, every call has one result", () => {
  const calls = [call("a"), call("b")];
  const deciding = (action: TurnAction) =>
    turn({ protocol: protocolOf({ modelAnswered: () => action }) })
      .begin()
      .answer(calls);
  const NOT_RUN = ['a error "tool_not_run"', 'b error "tool_not_run"'];

  test("it calls the model again at once", () => {
    expect(deciding({ type: "call_model" }).results).toEqual(NOT_RUN);
  });

  test("it goes on to the next iteration", () => {
    expect(deciding({ type: "next_iteration" }).results).toEqual(NOT_RUN);
  });

  test("it completes", () => {
    const t = deciding({ type: "complete", text: "enough" });
    expect(t.results).toEqual(NOT_RUN);
    expect(t.checkpoint().outcome).toEqual({ status: "completed", text: "enough" });
  });

  test("it fails", () => {
    const t = deciding({ type: "fail", code: "no", message: "no" });
    expect(t.outcome).toEqual({ status: "failed", code: "no", message: "no" });
    expect(t.results).toEqual(['a error "turn_ended"', 'b error "turn_ended"']);
  });

  test("it asks again: the answer leaves the transcript, and its calls with it", () => {
    const t = deciding({ type: "call_model_again" });
    expect(t.state.delta).toHaveLength(1);
  });

  test("it runs some of the calls", () => {
    const t = deciding({ type: "run_tools", calls: calls.slice(1) });
    expect(t.last.effects.map((e) => e.id)).toEqual(["1.tool_call.1"]);
    expect(t.tool("b", ok(2)).results).toEqual(['a error "tool_not_run"', "b ok 2"]);
  });

  test("it runs calls that the model never made: they are not performed", () => {
    const t = deciding({ type: "run_tools", calls: [...calls, call("z" as CallId, "refund")] });
    expect(t.last.effects).toHaveLength(2);
  });
});

describe("a protocol that asks for the impossible", () => {
  test("ends its turn with a code: tools without an answer that asks for them", () => {
    const t = turn({ protocol: protocolOf({ modelAnswered: () => ({ type: "run_tools", calls: [] }) }) })
      .begin()
      .answer([text("hi")]);
    expect(t.outcome).toMatchObject({ status: "failed", code: "protocol_misled" });
  });

  test("a program for a call that is not there has no result to give", () => {
    const run = { type: "execute_code", language: "js", code: "1", callId: "nope" as CallId } as const;
    const t = turn({ protocol: protocolOf({ modelAnswered: () => run }) })
      .begin()
      .answer([call("a")])
      .code(1);
    expect(t.results).toEqual(['a error "tool_not_run"']);
  });
});

test("a turn's limits hold for any protocol: a canned answer needs no model", () => {
  const t = turn({
    config: configOf({ maxIterations: 1 }),
    protocol: protocolOf({ prepareIteration: () => ({ type: "complete", text: "canned", output: 1 }) }),
  }).begin();
  expect(t.checkpoint().outcome).toEqual({ status: "completed", text: "canned", output: 1 });
});
