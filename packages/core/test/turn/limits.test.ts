import { describe, expect, test } from "vitest";
import { LAST_ANSWER_MS, LIMIT_GRACE_MS, type Resolution } from "../../src/index.ts";
import { lastAnswerNote } from "../../src/turn/limits.ts";
import { call, configOf, ok, protocolOf, said, T0, text, turn, usage } from "./turn-under-test.ts";

const SPENT = { usage: usage({ inputTokens: 80, outputTokens: 40, costNanoUsd: 900 }) };
const LAST = (iteration: number, upTo: number, limit: Parameters<typeof lastAnswerNote>[0]) => ({
  kind: "model_call",
  iteration,
  upTo,
  toolChoice: "none",
  note: lastAnswerNote(limit),
});

describe("a limit ends in a last answer without tools", () => {
  const atLimit = () =>
    turn({ config: configOf({ maxIterations: 1 }) })
      .begin()
      .answer([call("a")])
      .tool("a", ok(1))
      .checkpoint();

  test("iterations", () => {
    const t = atLimit();
    expect(t.last.events).toEqual([{ type: "limit.reached", limit: "iterations" }]);
    expect(t.last.effects).toEqual([{ id: "2.model_call.0", command: LAST(2, 3, "iterations") }]);
    t.answer([text("What I have.")]);
    // Nothing may be steered any more: the answer ends the turn at once.
    expect(t.outcome).toEqual({ status: "completed", text: "What I have.", limit: "iterations" });
  });

  test("tools that it asks for all the same are refused; its text is the answer", () => {
    const t = atLimit().answer([text("Almost."), call("b")]);
    expect(t.outcome).toEqual({ status: "completed", text: "Almost.", limit: "iterations" });
    expect(t.results).toEqual(['b error "limit_reached"']);
    expect(t.last.events).toMatchObject([{ type: "tool.refused", callId: "b" }, { type: "turn.ended" }]);
  });

  test("a structured answer beside refused tools counts too", () => {
    const t = atLimit().answer([{ type: "structured", value: 4 }, call("b")]);
    expect(t.outcome).toEqual({ status: "completed", text: "", output: 4, limit: "iterations" });
  });

  test("nothing but tools: the turn fails with the limit's code", () => {
    const t = atLimit().answer([call("b"), call("c")]);
    expect(t.outcome).toMatchObject({ status: "failed", code: "limit_iterations" });
    expect(t.results).toEqual(['b error "limit_reached"', 'c error "limit_reached"']);
  });

  test("a failure of the last answer is a failure of the turn", () => {
    expect(atLimit().modelFails({ code: "overloaded" }).outcome).toMatchObject({ code: "overloaded" });
  });

  test("late input before completion is still bound by the limits", () => {
    const t = turn({ config: configOf({ maxIterations: 1 }) })
      .begin()
      .answer([text("done")])
      .checkpoint(said("in_2"));
    expect(t.command("2.model_call.0")).toEqual(LAST(2, 3, "iterations"));
  });

  test("an empty answer in the last iteration leads to the last answer", () => {
    const t = turn({ config: configOf({ maxIterations: 1 }) })
      .begin()
      .answer([]);
    expect(t.last.effects).toEqual([{ id: "2.model_call.0", command: LAST(2, 1, "iterations") }]);
  });

  test.each([
    ["tokens", { maxTokens: 120 }],
    ["cost", { maxCostNanoUsd: 900 }],
  ] as const)("%s", (limit, limits) => {
    const t = turn({ config: configOf(limits) })
      .begin()
      .answer([call("a")], SPENT)
      .tool("a", ok(1))
      .checkpoint();
    expect(t.last.effects).toEqual([{ id: "2.model_call.0", command: LAST(2, 3, limit) }]);
  });

  test("below them nothing happens", () => {
    const t = turn({ config: configOf({ maxTokens: 121, maxCostNanoUsd: 901 }) })
      .begin()
      .answer([call("a")], SPENT)
      .tool("a", ok(1))
      .checkpoint();
    expect(t.command("2.model_call.0")).toMatchObject({ toolChoice: "auto" });
  });

  test("tools are not refreshed for it", () => {
    const t = turn({ config: configOf({ maxIterations: 1 }, { refreshTools: "iteration" }) })
      .begin()
      .answer([call("a")])
      .tool("a", ok(1))
      .checkpoint();
    expect(t.phase).toBe("calling_model");
  });
});

describe("a budget that a person may top up", () => {
  const config = configOf({ maxTokens: 100, maxCostNanoUsd: 100, onBudget: "wait" });
  const waiting = (over = {}) =>
    turn({ config: { ...config, ...over } })
      .begin()
      .answer([call("a")], { usage: usage({ inputTokens: 150 }) })
      .tool("a", ok(1))
      .checkpoint();

  test("the turn waits, with its wall time standing still", () => {
    const t = waiting();
    expect(t.phase).toBe("waiting");
    expect(t.last.wakeAt).toBeUndefined();
    expect(t.last.effects).toEqual([
      {
        id: "2.await_event.0",
        command: {
          kind: "await_event",
          wait: { type: "custom", key: "budget:tokens:0" },
          reason: { type: "budget", limit: "tokens" },
        },
      },
    ]);
    expect(t.last.events.map((e) => e.type)).toEqual(["limit.reached", "wait.opened"]);
  });

  test("granted: it goes on with its tools", () => {
    const t = waiting().pass(1e9);
    t.grant({ status: "ok", payload: { tokens: 100 } });
    expect(t.command("2.model_call.0")).toMatchObject({ toolChoice: "auto" });
    expect(t.last.wakeAt).toBe(t.now + 60_000);
    expect(t.state.limit).toBeUndefined();
    expect(t.state.granted).toEqual({ tokens: 100, costNanoUsd: 0 });
  });

  test("T6: too little was granted, and then enough: each wait has an id and a key of its own", () => {
    const t = waiting().grant({ status: "ok", payload: { tokens: 1 } });
    expect(t.phase).toBe("waiting");
    expect(t.last.effects[0]).toMatchObject({
      id: "2.await_event.1",
      command: { wait: { key: "budget:tokens:1" } },
    });
    t.grant({ status: "ok", payload: { tokens: 99 } });
    expect(t.phase).toBe("calling_model");
  });

  test("T6: money may run out right after tokens were granted", () => {
    const t = turn({ config })
      .begin()
      .answer([call("a")], SPENT)
      .tool("a", ok(1))
      .checkpoint()
      .grant({ status: "ok", payload: { tokens: 1_000 } });
    expect(t.last.effects[0]).toMatchObject({
      id: "2.await_event.1",
      command: { wait: { key: "budget:cost:1" } },
    });
    t.grant({ status: "ok", payload: { costNanoUsd: 5_000 } });
    expect(t.command("2.model_call.0")).toMatchObject({ toolChoice: "auto" });
  });

  const refusals: Resolution[] = [
    { status: "timeout" },
    { status: "cancelled" },
    { status: "err", payload: { code: "denied", message: "no" } },
    { status: "ok", payload: null },
    { status: "ok", payload: { tokens: 0 } },
    { status: "ok", payload: {} },
    { status: "ok", payload: { tokens: -5 } },
    { status: "ok", payload: { tokens: 1.5 } },
    { status: "ok", payload: { tokens: "1000" } },
  ];
  test.each(refusals)("not granted (%j): the next answer is the last", (resolution) => {
    const t = waiting().grant(resolution);
    expect(t.last.effects).toEqual([{ id: "2.model_call.0", command: LAST(2, 3, "tokens") }]);
    expect(t.answer([text("so far")]).outcome).toMatchObject({ status: "completed", limit: "tokens" });
  });

  test("a call that did not fit into what is left waits too, and says so", () => {
    const t = turn({ config }).begin().modelFails({ code: "budget_exhausted" });
    expect(t.last.events.map((e) => e.type)).toEqual(["limit.reached", "wait.opened"]);
    t.grant({ status: "ok", payload: { costNanoUsd: 1_000 } });
    expect(t.command("2.model_call.0")).toMatchObject({ toolChoice: "auto" });
    // Not enough again, and then nobody pays: the last answer does not fit either.
    t.modelFails({ code: "budget_exhausted" }).grant({ status: "timeout" });
    expect(t.command("3.model_call.0")).toMatchObject({ toolChoice: "none" });
    expect(t.modelFails({ code: "budget_exhausted" }).outcome).toMatchObject({ code: "budget_exhausted" });
  });

  test("a refresh of the tools comes after the grant", () => {
    const t = waiting({ refreshTools: "iteration" }).grant({ status: "ok", payload: { tokens: 1_000 } });
    expect(t.phase).toBe("syncing_environment");
    expect(t.synced().phase).toBe("calling_model");
  });
});

describe("wall time", () => {
  test("while the model is asked: the call is aborted, and a last answer asked for", () => {
    const t = turn().begin().fire("wall_time");
    expect(t.now).toBe(T0 + 60_000);
    expect(t.last.aborts).toEqual(["1.model_call.0"]);
    expect(t.last.events).toEqual([{ type: "limit.reached", limit: "wall_time" }]);
    t.modelFails({ terminalReason: "cancelled" });
    expect(t.last.effects).toEqual([{ id: "2.model_call.0", command: LAST(2, 1, "wall_time") }]);
    expect(t.last.wakeAt).toBe(t.now + LAST_ANSWER_MS);
    expect(t.answer([text("in short")]).outcome).toEqual({
      status: "completed",
      text: "in short",
      limit: "wall_time",
    });
  });

  test("an abort that the provider reports as its own error is no failure of the turn", () => {
    const t = turn().begin().fire("wall_time").modelFails({ terminalReason: "provider_error" });
    expect(t.phase).toBe("calling_model");
  });

  test("the answer came after all: it counts", () => {
    const t = turn()
      .begin()
      .fire("wall_time")
      .answer([text("just in time")]);
    expect(t.outcome).toEqual({ status: "completed", text: "just in time", limit: "wall_time" });
  });

  test("it came after all and asks for tools: they are refused and the last answer is asked for", () => {
    const t = turn()
      .begin()
      .fire("wall_time")
      .answer([call("a")]);
    expect(t.results).toEqual(['a error "limit_reached"']);
    expect(t.last.effects).toEqual([{ id: "2.model_call.0", command: LAST(2, 3, "wall_time") }]);
  });

  test("it came after all and is empty: the same, in the same iteration", () => {
    const t = turn().begin().fire("wall_time").answer([]);
    expect(t.last.effects).toEqual([{ id: "1.model_call.0/1.again", command: LAST(1, 1, "wall_time") }]);
    expect(t.answer([]).outcome).toMatchObject({ code: "model_answered_nothing" });
  });

  test("while tools run: they are aborted, what they say counts, waits are let go", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("b"), call("c")])
      .later("c");
    const open = [t.effectOf("a"), t.effectOf("b"), t.effectOf("c")];
    t.fire("wall_time");
    expect(t.last.aborts).toEqual(open);
    t.tool("a", ok(1)).tool("b", { status: "cancelled", certainty: "confirmed" });
    expect(t.results).toEqual(["a ok 1", 'b cancelled "tool_cancelled"', 'c unknown "tool_outcome_unknown"']);
    expect(t.last.effects).toEqual([{ id: "2.model_call.0", command: LAST(2, 3, "wall_time") }]);
  });

  test("a tool that says “later” when the time is over opens no wait", () => {
    const t = turn()
      .begin()
      .answer([call("a")])
      .fire("wall_time")
      .later("a");
    expect(t.phase).toBe("calling_model");
    expect(t.results).toEqual(['a unknown "tool_outcome_unknown"']);
  });

  test.each([
    [
      "tools",
      () =>
        turn()
          .begin()
          .answer([call("a")]),
    ],
    ["the model", () => turn().begin()],
    ["a program", () => turn({ protocol: protocolOf({ prepareIteration: () => RUN }) }).begin()],
    [
      "a refresh",
      () =>
        turn({ config: configOf({}, { refreshTools: "iteration" }) })
          .begin()
          .answer([call("a")])
          .tool("a", ok(1))
          .checkpoint(),
    ],
  ])(
    "%s that does not heed the abort is written off, and the last answer is asked for all the same",
    (_, script) => {
      const t = script().fire("wall_time");
      expect(t.last.wakeAt).toBe(t.now + LIMIT_GRACE_MS);
      const ignored = t.last.aborts;
      expect(ignored).toHaveLength(1);
      t.fire("limit_grace");
      expect(t.command(t.only("model_call"))).toMatchObject({ toolChoice: "none" });
      expect(t.state.timers.limit_grace).toBeUndefined();
      t.settle(ignored[0] as string, { kind: "tool_call", launch: { status: "done", result: ok(1) } });
      expect(t.last.report).toBeDefined();
      expect(t.answer([text("so far")]).outcome).toMatchObject({ status: "completed", limit: "wall_time" });
    },
  );

  test("the last answer does not come either: the turn fails", () => {
    const t = turn().begin().fire("wall_time").modelFails({ terminalReason: "cancelled" });
    t.fire("last_answer");
    expect(t.outcome).toMatchObject({ status: "failed", code: "limit_wall_time" });
    expect(t.last.aborts).toEqual(["2.model_call.0"]);
  });

  test("a last answer that another limit asked for is not aborted, and has as long", () => {
    const t = turn({ config: configOf({ maxIterations: 1 }) })
      .begin()
      .answer([]);
    t.fire("wall_time");
    expect(t.last.aborts).toEqual([]);
    expect(t.last.wakeAt).toBe(t.now + LAST_ANSWER_MS);
    expect(t.answer([text("ok")]).outcome).toMatchObject({ limit: "iterations" });
  });

  test("a checkpoint is not aborted: it carries inputs", () => {
    const t = turn()
      .begin()
      .answer([text("done")])
      .fire("wall_time");
    expect(t.last.aborts).toEqual([]);
    expect(t.checkpoint().outcome).toEqual({ status: "completed", text: "done" });
  });

  test("an answer that only waits for its checkpoint is there in time", () => {
    const t = turn()
      .begin()
      .answer([text("done")])
      .fire("wall_time")
      .fire("last_answer");
    expect(t.outcome).toEqual({ status: "completed", text: "done" });
  });

  test("T3: a timer that is not due, or not set, is stale", () => {
    const t = turn().begin();
    t.feed({ type: "timer_fired", now: T0 + 59_999, timer: "wall_time" });
    expect(t.last.report?.code).toBe("stale_input");
    t.feed({ type: "timer_fired", now: T0 + 1e9, timer: "cancel_grace" });
    expect(t.last.report?.code).toBe("stale_input");
  });
});

const RUN = { type: "execute_code", language: "js", code: "1" } as const;
