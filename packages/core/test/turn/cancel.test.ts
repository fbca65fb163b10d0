import { describe, expect, test } from "vitest";
import { CANCEL_GRACE_MS } from "../../src/index.ts";
import { call, configOf, EVIDENCE, ok, protocolOf, said, text, turn, usage } from "./turn-under-test.ts";

const CANCELLED = { status: "cancelled", evidence: EVIDENCE };
const RUN = { type: "execute_code", language: "js", code: "1" } as const;

describe("cancel (D18)", () => {
  test("before the turn began: nothing is performed, and its inputs are consumed", () => {
    const t = turn().begin({ cancel: EVIDENCE });
    expect(t.outcome).toEqual(CANCELLED);
    expect(t.effects).toEqual([]);
    expect(t.state.consumed).toEqual(["in_1"]);
  });

  test("before begin there is no turn to cancel", () => {
    expect(turn().cancel().last.report?.code).toBe("illegal_input");
  });

  test("while the model is asked: the call is aborted, and the turn ends when it settles", () => {
    const t = turn().begin().cancel();
    expect(t.last.aborts).toEqual(["1.model_call.0"]);
    expect(t.last.wakeAt).toBe(t.now + CANCEL_GRACE_MS);
    expect(t.last.events).toEqual([{ type: "turn.cancelling", evidence: EVIDENCE }]);
    expect(t.modelFails({ terminalReason: "cancelled" }).outcome).toEqual(CANCELLED);
  });

  test("an answer that came all the same is in the transcript, with its calls answered", () => {
    const t = turn()
      .begin()
      .cancel()
      .answer([text("I will"), call("a")]);
    expect(t.outcome).toEqual(CANCELLED);
    expect(t.results).toEqual(['a error "turn_cancelled"']);
    expect(t.events).toContainEqual(
      expect.objectContaining({ type: "tool.refused", code: "turn_cancelled" }),
    );
  });

  test("while tools run: three honest ends", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("b"), call("c"), call("d"), call("e")])
      .tool("e", ok("E"))
      .cancel()
      .tool("a", { status: "cancelled", certainty: "before_start" })
      .tool("b", { status: "cancelled", certainty: "confirmed" })
      .tool("c", { status: "cancelled", certainty: "outcome_unknown" });
    expect(t.phase).toBe("running_tools");
    t.tool("d", ok("done all the same"));
    expect(t.outcome).toEqual(CANCELLED);
    expect(t.results).toEqual([
      'a cancelled "tool_cancelled"',
      'b cancelled "tool_cancelled"',
      'c unknown "tool_outcome_unknown"',
      'd ok "done all the same"',
      'e ok "E"',
    ]);
    expect(t.state.delta.at(-1)?.parts[0]).toMatchObject({ output: { certainty: "before_start" } });
  });

  test("a tool that does not settle within the grace is written off as unknown", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("b")])
      .cancel()
      .tool("a", ok(1))
      .fire("cancel_grace");
    expect(t.outcome).toEqual(CANCELLED);
    expect(t.results).toEqual(["a ok 1", 'b unknown "tool_outcome_unknown"']);
  });

  test("a tool that says “later”, or ends in the dark, opens no wait any more", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("b")])
      .cancel()
      .later("a")
      .ambiguous("b");
    expect(t.outcome).toEqual(CANCELLED);
    expect(t.ids.filter((id) => id.includes("wait"))).toEqual([]);
  });

  test("a waiting turn ends at once: its waits are let go", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("b")])
      .later("a")
      .ambiguous("b");
    const waits = [t.effectOf("a"), t.effectOf("b")];
    t.cancel();
    expect(t.outcome).toEqual(CANCELLED);
    expect(t.last.aborts).toEqual(waits);
    expect(t.results).toEqual(['a unknown "tool_outcome_unknown"', 'b unknown "tool_outcome_unknown"']);
    expect(t.last.wakeAt).toBeUndefined();
  });

  test("with waits and running tools: the waits are let go, the tools may settle", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("b")])
      .later("a")
      .cancel();
    expect(t.phase).toBe("running_tools");
    expect(t.last.aborts).toHaveLength(2);
    t.tool("b", ok(2));
    expect(t.outcome).toEqual(CANCELLED);
    expect(t.results).toEqual(['a unknown "tool_outcome_unknown"', "b ok 2"]);
  });

  test("waiting for a budget", () => {
    const t = turn({ config: configOf({ maxTokens: 1, onBudget: "wait" }) })
      .begin()
      .answer([], { usage: usage({ inputTokens: 5 }) })
      .cancel();
    expect(t.outcome).toEqual(CANCELLED);
    expect(t.last.aborts).toEqual(["2.await_event.0"]);
  });

  test("at a checkpoint: what it claimed belongs to this turn (D19)", () => {
    const t = turn()
      .begin()
      .answer([text("done")])
      .cancel()
      .checkpoint(said("in_2"));
    expect(t.outcome).toEqual(CANCELLED);
    expect(t.state.consumed).toEqual(["in_1", "in_2"]);
  });

  test("while a program runs", () => {
    const t = turn({ protocol: protocolOf({ prepareIteration: () => RUN }) })
      .begin()
      .cancel()
      .code(1);
    expect(t.outcome).toEqual(CANCELLED);
  });

  test("while the tools are refreshed", () => {
    const t = turn({ config: configOf({}, { refreshTools: "iteration" }) })
      .begin()
      .answer([call("a")])
      .tool("a", ok(1))
      .checkpoint()
      .cancel()
      .synced();
    expect(t.outcome).toEqual(CANCELLED);
  });

  test("T4: of a finished turn that is not committed, it replaces the outcome and nothing else", () => {
    const t = turn()
      .begin()
      .answer([text("done")])
      .checkpoint();
    const { delta, consumed } = t.state;
    t.cancel();
    expect(t.outcome).toEqual(CANCELLED);
    expect([t.state.delta, t.state.consumed]).toEqual([delta, consumed]);
    expect(t.last.events).toEqual([{ type: "turn.ended", outcome: CANCELLED }]);
  });

  test("T3: a second request is stale, also after the end", () => {
    const t = turn().begin().cancel();
    t.cancel({ ...EVIDENCE, requestId: "r2" });
    expect(t.last.report?.code).toBe("stale_input");
    t.modelFails().cancel();
    expect(t.last.report?.code).toBe("stale_input");
    expect(t.outcome).toEqual(CANCELLED);
  });

  test("after the wall time was over: the grace of the cancel counts", () => {
    const t = turn()
      .begin()
      .answer([call("a")])
      .fire("wall_time")
      .cancel();
    expect(t.state.timers).toEqual({ cancel_grace: t.now + CANCEL_GRACE_MS });
    expect(t.tool("a", ok(1)).outcome).toEqual(CANCELLED);
  });

  test("T8: a host that gives up a turn which was asked to stop ends it as cancelled", () => {
    expect(turn().begin().cancel().giveUp().outcome).toEqual(CANCELLED);
  });
});

describe("give up (D17)", () => {
  test("the turn fails with the host's code, and what is open is aborted and answered", () => {
    const t = turn()
      .begin()
      .answer([call("a"), call("b")])
      .tool("a", ok(1))
      .giveUp();
    expect(t.outcome).toEqual({ status: "failed", code: "attempts_exhausted", message: "enough" });
    expect(t.last.aborts).toEqual(["1.tool_call.1"]);
    expect(t.results).toEqual(["a ok 1", 'b unknown "tool_outcome_unknown"']);
  });
});
