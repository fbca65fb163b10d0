import {
  type EffectEnvelope,
  type EffectId,
  initialState,
  NO_USAGE,
  type ProcessId,
  positionalEffectId,
} from "@pawl/core";
import type { Operation } from "@pawl/core/ports";
import { type EffectContext, type Guard, journaled, type TurnSpending } from "@pawl/effects";
import { budgetGuard, deadlineGuard, grantGuard } from "@pawl/effects/guards";
import { manualClock, memoryEffectJournal } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { cancelGuard } from "../../src/guards/cancel-guard.ts";
import { Spending } from "../../src/turn-driver/spending.ts";
import {
  answer,
  configOf,
  contextOf,
  definition,
  envelopeOf,
  MODEL_CALL,
  OK,
  toolboxOf,
  toolEnvelope,
  turnOf,
} from "../support/effect-under-test.ts";

const TOOLBOX = toolboxOf(async () => OK);
const stopped = AbortSignal.abort();
const model = (n: number) => envelopeOf(MODEL_CALL, positionalEffectId(n, "model_call", 0));
const code = envelopeOf({ kind: "exec_code", language: "js", code: "" });
const process = envelopeOf({
  kind: "process",
  command: { operation: "await", processId: "p1" as ProcessId },
});
const checkpoint = envelopeOf({ kind: "checkpoint", checkpoint: "after_work" });

/** Runs envelopes through a journaled controller whose executors count what they perform. */
function under(
  guards: readonly Guard[],
  given: Partial<EffectContext> = {},
  journal = memoryEffectJournal(),
) {
  const performed: string[] = [];
  const perform = (outcome: object) => async (envelope: EffectEnvelope) => {
    performed.push(envelope.effectId);
    return outcome as never;
  };
  const controller = journaled({
    clock: manualClock(),
    guards,
    executors: {
      tool_call: perform({ kind: "tool_call", launch: { status: "done", result: OK } }),
      model_call: perform({ kind: "model_call", result: answer("hi"), textStreamed: false }),
      exec_code: perform({ kind: "exec_code", result: { ok: true, value: 1 } }),
      process: perform({ kind: "process", result: { ok: true, value: 1 } }),
      checkpoint: perform({ kind: "checkpoint", inputs: [] }),
    },
  });
  const context = contextOf(TOOLBOX, { journal, ...given });
  return { performed, journal, run: (envelope: EffectEnvelope) => controller.execute(envelope, context) };
}

describe("the grant guard", () => {
  it("asks about each operation by its kind and name, and refuses with the grant's own words", async () => {
    const asked: Operation[] = [];
    const clock = manualClock();
    const check = {
      check: async (operation: Operation, now: number) => {
        expect(now).toBe(clock.now());
        asked.push(operation);
        return { allowed: false, code: "lease_denied", message: "Not yours." } as const;
      },
    };
    const config = configOf({ model: "m/1" });
    const { run, performed } = under([grantGuard(check, clock)], { turn: turnOf(TOOLBOX, { config }) });
    const refused = { code: "lease_denied", message: "Not yours." };
    expect(await run(toolEnvelope())).toMatchObject({ launch: { result: { status: "error", ...refused } } });
    expect(await run(model(1))).toMatchObject({ result: { ok: false, failure: refused } });
    expect(await run(code)).toMatchObject({ result: { ok: false, error: refused } });
    expect(await run(process)).toMatchObject({ result: { ok: false, error: refused } });
    expect(asked.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "tool_call work",
      "model_call m/1",
      "exec_code js",
      "process await",
    ]);
    // A checkpoint does nothing to the world.
    await run(checkpoint);
    expect([asked.length, performed]).toEqual([4, [checkpoint.effectId]]);
  });

  it("that fails is a failure of the infrastructure: nothing is recorded and nothing performed", async () => {
    const check = { check: () => Promise.reject(new Error("no grant server")) };
    const { run, performed, journal } = under([grantGuard(check, manualClock())]);
    await expect(run(toolEnvelope())).rejects.toThrow("no grant server");
    expect([performed, journal.writes]).toEqual([[], []]);
  });
});

describe("the order of journal and guards (D11)", () => {
  const refusal: Guard = async () => ({
    kind: "tool_call",
    launch: { status: "done", result: { status: "error", code: "no", message: "no" } },
  });

  it("a recorded effect passes no guard", async () => {
    const first = under([]);
    const outcome = await first.run(toolEnvelope());
    const second = under([refusal], {}, first.journal.reopen());
    expect(await second.run(toolEnvelope())).toEqual(outcome);
    expect(second.performed).toEqual([]);
  });

  it("a refusal is a recorded outcome: at replay the guard is not asked", async () => {
    const first = under([refusal]);
    const outcome = await first.run(toolEnvelope());
    expect(first.journal.writes).toEqual(["outcome 1.tool_call.0"]);
    const second = under([], {}, first.journal.reopen());
    expect(await second.run(toolEnvelope())).toEqual(outcome);
    expect([first.performed, second.performed]).toEqual([[], []]);
  });

  it("guards are asked in order, and the first refusal is the one", async () => {
    const asked: number[] = [];
    const passing =
      (n: number): Guard =>
      async () => {
        asked.push(n);
        return undefined;
      };
    await under([passing(1), passing(2), refusal, passing(3)]).run(toolEnvelope());
    expect(asked).toEqual([1, 2]);
  });
});

describe("the budget guard (D13)", () => {
  const BUDGET = 100;
  const config = configOf({ limits: { ...configOf().limits, maxCostNanoUsd: BUDGET } });
  const state = (costNanoUsd: number) =>
    ({ ...initialState(), usage: { ...NO_USAGE, costNanoUsd } }) as const;
  const guarded = (cost: number | undefined, spending: TurnSpending) =>
    under([budgetGuard(() => cost)], { turn: turnOf(TOOLBOX, { config, spending }) });

  it("gives the last cent to one of two calls at once", async () => {
    const { run, performed, journal } = guarded(60, new Spending(() => state(0), 0));
    const outcomes = await Promise.all([run(model(1)), run(model(2))]);
    expect(performed).toHaveLength(1);
    expect(outcomes[1]).toMatchObject({
      result: { ok: false, failure: { code: "budget_exhausted", retryable: false } },
    });
    // The one that took it wrote down its hold before it began.
    expect(journal.writes).toContain("intent 1.model_call.0");
    expect(journal.writes).not.toContain("intent 2.model_call.0");
  });

  it("counts what was spent, what is held, what a dead attempt held, and what was granted", () => {
    const id = "e" as EffectId;
    let granted = 0;
    const spending = new Spending(() => ({ ...state(30), granted: { tokens: 0, costNanoUsd: granted } }), 20);
    expect(spending.free(BUDGET)).toBe(50);
    expect(spending.hold(id, 51, BUDGET)).toBe(false);
    expect(spending.hold(id, 50, BUDGET)).toBe(true);
    expect([spending.free(BUDGET), spending.heldFor(id)]).toEqual([0, 50]);
    spending.settle(id);
    spending.settle(id);
    expect([spending.free(BUDGET), spending.heldFor(id)]).toEqual([50, undefined]);
    granted = 10;
    expect(spending.free(BUDGET)).toBe(60);
  });

  it("refuses nothing without an estimate or without a budget", async () => {
    const none = new Spending(() => state(1e9), 0);
    const { run, performed } = guarded(undefined, none);
    await run(model(1));
    const unlimited = under([budgetGuard(() => 1e12)], { turn: turnOf(TOOLBOX, { spending: none }) });
    await unlimited.run(model(1));
    expect([performed.length, unlimited.performed.length]).toEqual([1, 1]);
  });
});

describe("the deadline guard", () => {
  it("refuses what would begin at or after its deadline", async () => {
    const clock = manualClock();
    for (const [deadline, refused] of [
      [undefined, false],
      [clock.now() + 1, false],
      [clock.now(), true],
    ] as const) {
      const { run } = under([deadlineGuard(() => deadline, clock)]);
      const code = refused ? "deadline_passed" : undefined;
      expect(await run(toolEnvelope())).toMatchObject({ launch: { result: code ? { code } : OK } });
    }
  });
});

describe("cancellation (D18)", () => {
  it("begins nothing that was told to stop, and the record says that nothing happened", async () => {
    const { run, performed } = under([], { signal: stopped });
    expect(await run(toolEnvelope())).toMatchObject({
      launch: { result: { status: "cancelled", certainty: "before_start" } },
    });
    expect(await run(model(1))).toMatchObject({
      result: { ok: false, failure: { terminalReason: "cancelled" } },
    });
    expect(await run(code)).toMatchObject({ result: { ok: false, error: { code: "turn_cancelled" } } });
    expect(performed).toEqual([]);
  });

  it("does not stop what must be carried out: a checkpoint, a process command", async () => {
    const { run, performed } = under([], { signal: stopped });
    await run(checkpoint);
    await run(process);
    expect(performed).toHaveLength(2);
  });

  it.each([
    ["ask", false, "before_start"],
    ["ask", true, "before_start"],
    ["retry", false, "before_start"],
    // Such a tool leaves no trace of an attempt of the owner before.
    ["retry", true, "outcome_unknown"],
  ] as const)("of a %s tool, resumed %s: %s", async (onCrash, resumed, certainty) => {
    const turn = turnOf({ ...TOOLBOX, definitions: [definition({ onCrash })] });
    const outcome = await cancelGuard(toolEnvelope(), { signal: stopped, resumed, turn });
    expect(outcome).toMatchObject({ launch: { result: { certainty } } });
  });
});

describe("a dry run", () => {
  const run = (readOnly: boolean) =>
    under([], {
      turn: turnOf(
        { ...TOOLBOX, definitions: [definition({ hints: { readOnly } })] },
        { config: configOf({ dryRun: true }) },
      ),
    });

  it("performs tools that only read, models, and nothing else", async () => {
    const reading = run(true);
    await reading.run(toolEnvelope());
    await reading.run(model(1));
    expect(reading.performed).toHaveLength(2);
    const writing = run(false);
    expect(await writing.run(toolEnvelope())).toMatchObject({
      launch: { result: { status: "error", code: "dry_run" } },
    });
    expect(writing.performed).toEqual([]);
  });
});
