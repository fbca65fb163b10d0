import { describe, expect, test } from "vitest";
import type { Resolution } from "../../src/index.ts";
import { call, ok, T0, turn } from "./turn-under-test.ts";

const running = () =>
  turn()
    .begin()
    .answer([call("a", "refund", { cents: 5 })]);

describe("a tool that answers later", () => {
  test("opens a wait with its deadline, and the turn may be parked", () => {
    const t = running().later("a", { deadline: T0 + 1_000 });
    expect(t.phase).toBe("waiting");
    expect(t.last.wakeAt).toBeUndefined();
    expect(t.last.effects).toEqual([
      {
        id: "1.tool_call.0/0.wait",
        command: {
          kind: "await_event",
          wait: { type: "tool_completion", callId: "a" },
          reason: { type: "tool_pending", callId: "a", tool: "refund" },
          deadline: T0 + 1_000,
        },
      },
    ]);
    expect(t.last.events).toEqual([
      {
        type: "wait.opened",
        effectId: "1.tool_call.0/0.wait",
        reason: { type: "tool_pending", callId: "a", tool: "refund" },
      },
    ]);
  });

  const endings: [string, Resolution, string][] = [
    ["ok", { status: "ok", payload: 7 }, "a ok 7"],
    ["err", { status: "err", payload: { code: "denied", message: "no" } }, 'a error "denied"'],
    ["timeout", { status: "timeout" }, 'a error "tool_timeout"'],
    // Letting go of a wait says nothing about the tool behind it.
    ["cancelled", { status: "cancelled" }, 'a unknown "tool_outcome_unknown"'],
  ];
  test.each(endings)("%s is told to the model", (_, resolution, result) => {
    const t = running().later("a").resolve("a", resolution);
    expect(t.phase).toBe("at_checkpoint");
    expect(t.results).toEqual([result]);
  });

  test("fail_turn: when it does not answer in time the turn fails, and its siblings stop", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("b"), call("c")])
      .tool("c", ok(3))
      .later("a", { onTimeout: "fail_turn" });
    const sibling = t.effectOf("b");
    t.resolve("a", { status: "timeout" });
    expect(t.outcome).toMatchObject({ status: "failed", code: "tool_timeout" });
    expect(t.last.aborts).toEqual([sibling]);
    expect(t.results).toEqual([
      'a unknown "tool_outcome_unknown"',
      'b unknown "tool_outcome_unknown"',
      "c ok 3",
    ]);
  });

  test("fail_turn does not mind any other end", () => {
    const t = running().later("a", { onTimeout: "fail_turn" }).resolve("a", { status: "ok", payload: 1 });
    expect(t.results).toEqual(["a ok 1"]);
  });

  test("sibling waits are settled one by one, in any order", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("b")])
      .later("b")
      .later("a");
    expect(t.phase).toBe("waiting");
    t.resolve("b", { status: "ok", payload: "B" });
    expect(t.phase).toBe("waiting");
    t.resolve("a", { status: "ok", payload: "A" });
    expect(t.results).toEqual(['a ok "A"', 'b ok "B"']);
  });

  test("while a sibling works the turn is not waiting, and its wall time goes on", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("b")])
      .later("a");
    expect(t.phase).toBe("running_tools");
    expect(t.last.wakeAt).toBe(T0 + 60_000);
    t.tool("b", ok(1));
    expect(t.phase).toBe("waiting");
    expect(t.last.wakeAt).toBeUndefined();
  });
});

describe("an attempt whose end nobody knows (D12)", () => {
  test("somebody is asked, with a key that contains the attempt", () => {
    const t = running().ambiguous("a");
    expect(t.last.effects).toEqual([
      {
        id: "1.tool_call.0/0.wait",
        command: {
          kind: "await_event",
          wait: { type: "custom", key: "did_it_happen:1.tool_call.0:0" },
          reason: { type: "did_it_happen", callId: "a", tool: "refund", input: { cents: 5 }, attempt: 0 },
        },
      },
    ]);
  });

  test("yes: the call has its result, and is not performed again", () => {
    const t = running().ambiguous("a");
    t.resolve("a", { status: "ok", payload: { happened: true, output: { id: "re_1" } } });
    expect(t.results).toEqual(['a ok {"id":"re_1"}']);
    expect(t.ids.filter((id) => id.includes("tool_call"))).toEqual(["1.tool_call.0", "1.tool_call.0/0.wait"]);
  });

  test("yes, without saying what came of it", () => {
    const t = running()
      .ambiguous("a")
      .resolve("a", { status: "ok", payload: { happened: true } });
    expect(t.results).toEqual(["a ok null"]);
  });

  test("no: it is performed as the next attempt, under the same idempotency key", () => {
    const t = running()
      .ambiguous("a")
      .resolve("a", { status: "ok", payload: { happened: false } });
    expect(t.last.effects).toEqual([
      {
        id: "1.tool_call.0/1.attempt",
        command: {
          kind: "tool_call",
          callId: "a",
          name: "refund",
          input: { cents: 5 },
          attempt: 1,
          idempotencyKey: "turn_1/1.tool_call.0",
        },
      },
    ]);
    // And this attempt may end in the dark as well: the next question has another key.
    t.ambiguous("a");
    expect(t.last.effects[0]).toMatchObject({
      id: "1.tool_call.0/1.attempt/0.wait",
      command: { wait: { key: "did_it_happen:1.tool_call.0:1" }, reason: { attempt: 1 } },
    });
    t.resolve("a", { status: "ok", payload: { happened: false } });
    expect(t.last.effects[0]?.id).toBe("1.tool_call.0/2.attempt");
    expect(t.tool("a", ok(1)).results).toEqual(["a ok 1"]);
  });

  describe("what it is known to have left for the world outside (D23)", () => {
    const outbox = [{ topic: "mail", payload: 1 }];
    const asked = () => running().launch("a", { status: "ambiguous", attempt: 0 }, outbox);

    test("is told with the question, and is nothing yet", () => {
      const t = asked();
      expect(t.last.effects[0]?.command).toMatchObject({ reason: { type: "did_it_happen", left: 1 } });
      expect(t.state.left).toBeUndefined();
    });

    test("yes: the turn leaves it", () => {
      const t = asked().resolve("a", { status: "ok", payload: { happened: true } });
      expect(t.state.left).toEqual(outbox);
    });

    test("no: what the next attempt leaves takes its place", () => {
      const t = asked().resolve("a", { status: "ok", payload: { happened: false } });
      expect(t.state.left).toBeUndefined();
      t.launch("a", { status: "done", result: ok(1) }, [{ topic: "mail", payload: 2 }]);
      expect(t.state.left).toEqual([{ topic: "mail", payload: 2 }]);
    });

    test("nobody knows: it is not left", () => {
      expect(asked().resolve("a", { status: "cancelled" }).state.left).toBeUndefined();
    });
  });

  const dontKnow: Resolution[] = [
    { status: "timeout" },
    { status: "cancelled" },
    { status: "err", payload: { code: "interrupted", message: "later" } },
    { status: "ok", payload: "dunno" },
    { status: "ok", payload: { happened: "maybe" } },
    { status: "ok", payload: null },
  ];
  test.each(dontKnow)("nobody knows (%j): the model is told so", (resolution) => {
    const t = running().ambiguous("a").resolve("a", resolution);
    expect(t.results).toEqual(['a unknown "tool_outcome_unknown"']);
    expect(t.state.noProgress).toBe(1);
  });
});

describe("an attempt of which the tool itself says that it never happened", () => {
  test("is performed as the next attempt, and nobody is asked", () => {
    const t = running().launch("a", { status: "not_begun", attempt: 0 });
    expect(t.last.effects).toMatchObject([
      {
        id: "1.tool_call.0/1.attempt",
        command: { attempt: 1, idempotencyKey: "turn_1/1.tool_call.0" },
      },
    ]);
    expect(t.phase).toBe("running_tools");
  });

  test.each([
    ["was cancelled", () => running().cancel()],
    ["is out of time", () => running().fire("wall_time")],
  ])("a turn that %s performs nothing again", (_, stopping) => {
    const t = stopping().launch("a", { status: "not_begun", attempt: 0 });
    expect(t.results).toEqual(['a cancelled "tool_cancelled"']);
    expect(t.ids.filter((id) => id.includes("attempt"))).toEqual([]);
  });
});

describe("T9: parked time does not count", () => {
  test("the wall time stands still while the turn waits, and goes on with what was left", () => {
    const t = running().pass(20_000).later("a");
    expect(t.state.wallLeftMs).toBe(40_000);
    t.pass(7 * 24 * 3_600_000).resolve("a", { status: "ok", payload: { happened: 1 } });
    expect(t.last.wakeAt).toBe(t.now + 40_000);
    expect(t.state.wallLeftMs).toBeUndefined();
  });

  test("a wait that was opened late leaves nothing, and the wall time is over right after it", () => {
    const t = running().pass(70_000).later("a").resolve("a", { status: "ok", payload: 1 });
    expect(t.last.wakeAt).toBe(t.now);
    t.fire("wall_time");
    expect(t.last.report).toBeUndefined();
  });

  test("work on another attempt counts again", () => {
    const t = running().pass(10_000).ambiguous("a").pass(1e9);
    t.resolve("a", { status: "ok", payload: { happened: false } });
    expect(t.phase).toBe("running_tools");
    expect(t.last.wakeAt).toBe(t.now + 50_000);
  });
});
