import {
  type EffectId,
  initialState,
  inputId,
  type LogBody,
  type LogRow,
  standard,
  step,
  type TurnInput,
  type TurnState,
  tool,
  turnId,
} from "@pawl/core";
import { foldTurn, loadTurnRecord, replayTurn } from "@pawl/effects/turn-driver";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { drivenSession, SESSION, TURN } from "../support/driven-session.ts";
import { configOf, definition } from "../support/effect-under-test.ts";

const MACHINE = { config: configOf({ tools: [definition()] }), protocol: standard() };

const look = tool({
  description: "Looks",
  input: z.object({ n: z.number() }),
  onCrash: "retry",
  execute: ({ n }) => n + 1,
});

/** The rows of a turn that was driven: a tool call, an answer, a commit. */
async function drivenRows() {
  const session = drivenSession({
    model: scriptedModel([{ tools: [{ name: "look", input: { n: 1 } }] }, "two"]),
    tools: { look },
  });
  await session.send("look");
  await session.drive();
  const record = await loadTurnRecord(session.store as never, SESSION, TURN);
  return { session, record, machine: { config: record.config, protocol: standard() }, rows: record.rows };
}

function begin(): TurnInput {
  return {
    type: "begin",
    now: 0,
    sessionId: "s1",
    turnId: "turn_1",
    inputs: [{ inputId: inputId("in_1"), parts: [{ type: "text", text: "hi" }] }],
    base: { revision: 0, messages: 0 },
  };
}

/** Rows made by hand: what is fed, and what stands between. */
function rowsOf(...bodies: readonly (TurnInput | LogBody)[]): readonly LogRow[] {
  let ordinal = 0;
  return bodies.map((given, index): LogRow => {
    const body: LogBody = "kind" in given ? given : { kind: "machine_input", input: given };
    const fed = body.kind === "machine_input";
    return { seq: index + 1, turnId: turnId("turn_1"), ordinal: fed ? ordinal++ : null, at: 0, body };
  });
}

const intent = (attempt: number, reservedNanoUsd: number, nonce: string): LogBody => ({
  kind: "effect_intent",
  effectId: "1.model_call.0" as EffectId,
  attempt,
  nonce,
  startBefore: 5,
  reservedNanoUsd,
});

describe("folding a turn from its rows", () => {
  it("D23 gathers what an attempt left while it ran, and forgets it with the next attempt", () => {
    const left = (payload: number, of: LogBody): LogBody => ({
      ...(of as Extract<LogBody, { kind: "effect_intent" }>),
      left: [{ topic: "mail", payload }],
    });
    const first = intent(0, 3, "a");
    const rows = [begin(), first, left(1, first), left(2, first)];
    const folded = foldTurn(MACHINE, rowsOf(...rows));
    expect(folded.recorded.get("1.model_call.0" as EffectId)?.intent?.left).toEqual([
      { topic: "mail", payload: 1 },
      { topic: "mail", payload: 2 },
    ]);
    // The same attempt: what it holds of the budget is held once (D13).
    expect(folded.heldNanoUsd).toBe(3);
    const again = foldTurn(MACHINE, rowsOf(...rows, intent(0, 3, "b")));
    expect(again.recorded.get("1.model_call.0" as EffectId)?.intent).not.toHaveProperty("left");
  });

  it("comes to the state that the driver had, and performs nothing", async () => {
    const { machine, rows, record } = await drivenRows();
    const folded = foldTurn(machine, rows);
    expect(folded.state.phase.name).toBe("finished");
    expect([folded.pending.size, folded.committed]).toEqual([0, true]);
    let state: TurnState = initialState();
    for (const { body } of rows) {
      if (body.kind === "machine_input") state = step(machine, state, body.input).state;
    }
    expect(folded.state).toEqual(state);
    expect(await replayTurn(record, standard())).toMatchObject({ identical: true, performed: 0 });
  });

  it("finds every row that is missing (D6)", async () => {
    const { machine, rows } = await drivenRows();
    const fed = rows.filter((row) => row.ordinal !== null);
    for (const gone of fed.slice(0, -1)) {
      const left = rows.filter((row) => row !== gone);
      expect(() => foldTurn(machine, left)).toThrow(expect.objectContaining({ code: "store_corrupt_row" }));
    }
  });

  it("finds rows in another order, and an input that the machine does not take", () => {
    expect(() => foldTurn(MACHINE, rowsOf(begin(), begin()))).toThrow(
      expect.objectContaining({ code: "store_corrupt_row", blame: "infrastructure" }),
    );
    const late = rowsOf(begin()).map((row) => ({ ...row, ordinal: 4 }));
    expect(() => foldTurn(MACHINE, late)).toThrow(/ordinal 4 where 0 is due/);
  });

  it("names the paths at which the code and the record part, never contents", async () => {
    const { machine, rows } = await drivenRows();
    const edited = rows.map((row): LogRow => {
      if (row.body.kind !== "machine_input" || row.body.input.type !== "effect_settled") return row;
      const command = row.body.command as { kind: string };
      if (command.kind !== "tool_call") return row;
      return { ...row, body: { ...row.body, command: { ...command, input: { n: "secret" } } as never } };
    });
    expect(() => foldTurn(machine, edited)).toThrow(
      expect.objectContaining({
        code: "nondeterminism_detected",
        details: { effectId: "1.tool_call.0", paths: ["/input/n"] },
        message: expect.not.stringContaining("secret"),
      }),
    );
  });

  it("finds an effect that is not asked for any more", async () => {
    const { machine, rows } = await drivenRows();
    const withoutTools = { ...machine, config: { ...machine.config, tools: [] } };
    expect(() => foldTurn(withoutTools, rows)).toThrow(
      expect.objectContaining({
        code: "nondeterminism_detected",
        message: expect.stringContaining("not asked for any more"),
      }),
    );
  });

  it("keeps what outstanding effects were told: to stop", () => {
    const evidence = { requestId: "r", requestedAt: 0, origin: "test" };
    const folded = foldTurn(MACHINE, rowsOf(begin(), { type: "cancel_requested", now: 1, evidence }));
    expect([...folded.pending.keys()]).toEqual(["1.model_call.0"]);
    expect([...folded.aborted]).toEqual(["1.model_call.0"]);
    expect(folded.wakeAt).toBe(5_001);
  });

  it("keeps what dead attempts held as spent (D13)", () => {
    const failed: TurnInput = {
      type: "effect_settled",
      now: 1,
      effectId: "1.model_call.0" as EffectId,
      outcome: {
        kind: "model_call",
        textStreamed: false,
        result: {
          ok: false,
          failure: { message: "no", retryable: false, terminalReason: "provider_error" },
        },
      },
    };
    const held = (...bodies: readonly (TurnInput | LogBody)[]) =>
      foldTurn(MACHINE, rowsOf(begin(), ...bodies)).heldNanoUsd;
    expect(held(intent(0, 40, "a"))).toBe(40);
    // Another drive tried again: both count until one settles, and then the dead one still does.
    expect(held(intent(0, 40, "a"), intent(0, 30, "b"))).toBe(70);
    expect(held(intent(0, 40, "a"), intent(0, 30, "b"), failed)).toBe(40);
    // The same attempt said anew that it is about to begin.
    expect(held(intent(0, 40, "a"), intent(0, 40, "a"))).toBe(40);
    expect(held(intent(0, 40, "a"), intent(0, 40, "a"), failed)).toBe(0);
  });

  it("knows the last attempt of which text was shown, and the steps that are done", () => {
    const effectId = "1.model_call.0" as EffectId;
    const folded = foldTurn(
      MACHINE,
      rowsOf(
        begin(),
        { kind: "text_delta", effectId, attempt: 0, text: "ha" },
        { kind: "attempt_reset", effectId, attempt: 1 },
        { kind: "step_done", effectId, stepId: "a", value: 1 },
        { kind: "step_done", effectId, stepId: "b", value: 2 },
      ),
    );
    expect(folded.streamed.get(effectId)).toBe(1);
    expect([...(folded.recorded.get(effectId)?.steps ?? [])]).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
  });
});
