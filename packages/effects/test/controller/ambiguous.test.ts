import type { LeftMessage } from "@pawl/core";
import type { Reconciliation, ToolContext } from "@pawl/core/ports";
import { DEFAULT_TOOL_TIMEOUT_MS, journaled } from "@pawl/effects";
import { manualClock, memoryEffectJournal } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { contextOf, definition, NEVER, toolEnvelope, turnOf, until } from "../support/effect-under-test.ts";

const TIMEOUT_MS = 30_000;
const START_WITHIN_MS = 10_000;

/** A call whose first owner died after its intent, in the hands of the next owner. */
async function lost(
  reconcile: ((at: number) => Promise<Reconciliation>) | undefined,
  {
    timeoutMs = TIMEOUT_MS as number | null,
    stop = new AbortController(),
    left = undefined as readonly LeftMessage[] | undefined,
    says = undefined as LeftMessage | undefined,
  } = {},
) {
  const clock = manualClock();
  const begun = clock.now();
  const first = memoryEffectJournal();
  const intent = { attempt: 0, startBefore: begun + START_WITHIN_MS };
  await first.intent(toolEnvelope(), { ...intent, ...(left && { left }) });
  const journal = first.reopen();
  const asked: number[] = [];
  let performed = 0;
  const tool = definition({
    onCrash: "ask",
    ...(timeoutMs !== null && { timeoutMs }),
    ...(reconcile && { reconciles: true }),
  });
  const toolbox = {
    definitions: [tool],
    execute: () => Promise.reject(new Error("Its executor is handed in.")),
    ...(reconcile && {
      reconcile: (_call: unknown, { outbox }: Pick<ToolContext, "outbox">) => {
        if (says) outbox?.(says);
        asked.push(clock.now() - begun);
        return reconcile(clock.now() - begun);
      },
    }),
  };
  const controller = journaled({
    clock,
    executors: {
      tool_call: async () => {
        performed += 1;
        return { kind: "tool_call", launch: { status: "done", result: { status: "ok", output: 1 } } };
      },
    },
  });
  const context = contextOf(toolbox, { journal, signal: stop.signal, turn: turnOf(toolbox) });
  const outcome = await until(clock, controller.execute(toolEnvelope(), context));
  expect(journal.writes).toEqual(["outcome 1.tool_call.0"]);
  return { launch: outcome.launch, outbox: outcome.outbox, asked, performed, clock };
}

const AMBIGUOUS = { status: "ambiguous", attempt: 0, noAfter: expect.any(Number) };

describe("a call that was begun and of whose end nothing is recorded (D12)", () => {
  it("is never performed again by itself, and somebody is asked", async () => {
    const { launch, performed } = await lost(undefined);
    expect(launch).toEqual(AMBIGUOUS);
    expect(performed).toBe(0);
  });

  it("that the tool says happened is done, at once: such an answer is true whenever it comes", async () => {
    const { launch, asked } = await lost(async () => ({ happened: true, output: 42 }));
    expect(launch).toEqual({ status: "done", result: { status: "ok", output: 42 } });
    expect(asked).toEqual([0]);
  });

  it("that has not happened yet is asked about again when it cannot begin or go on any more", async () => {
    const { launch, asked, performed } = await lost(async () => ({ happened: false }));
    expect(asked).toEqual([0, START_WITHIN_MS + TIMEOUT_MS]);
    // The machine performs it, as the next attempt.
    expect(launch).toEqual({ status: "not_begun", attempt: 0 });
    expect(performed).toBe(0);
  });

  it("of a slow owner that was not dead is found out", async () => {
    const { launch } = await lost(async (at) =>
      at < 5_000 ? { happened: false } : { happened: true, output: "late" },
    );
    expect(launch).toEqual({ status: "done", result: { status: "ok", output: "late" } });
  });

  it("of a tool without a bound of its own waits for the bound that every tool has", async () => {
    const { asked } = await lost(async () => ({ happened: false }), { timeoutMs: null });
    expect(asked[1]).toBe(START_WITHIN_MS + DEFAULT_TOOL_TIMEOUT_MS);
  });

  it.each([
    ["cannot tell", async () => "unknown" as const],
    ["fails to tell", () => Promise.reject(new Error("no connection"))],
    [
      "throws",
      () => {
        throw new Error("burst");
      },
    ],
    ["never answers", () => NEVER],
  ])("of a tool that %s is left to a person, within bounded time", async (_title, reconcile) => {
    const { launch, clock } = await lost(reconcile);
    expect(launch).toEqual(AMBIGUOUS);
    expect(clock.pending).toEqual([]);
  });

  it("of a turn that is stopped meanwhile is recorded as it is known: unknown", async () => {
    const stop = new AbortController();
    const { launch, clock } = await lost(
      async () => {
        stop.abort();
        return { happened: false };
      },
      { stop },
    );
    expect(launch).toEqual(AMBIGUOUS);
    expect(clock.pending).toEqual([]);
  });
});

describe("what such a call is known to have left for the world outside (D23)", () => {
  const left = [{ topic: "mail", payload: "kept" }];
  const says = { topic: "mail", payload: "said" };
  const happened = async () => ({ happened: true, output: 1 }) as const;

  it("comes with the question", async () => {
    expect((await lost(undefined, { left })).outbox).toEqual(left);
    expect((await lost(undefined)).outbox).toBeUndefined();
  });

  it("comes with the tool's yes, unless the tool leaves something then", async () => {
    expect((await lost(happened, { left })).outbox).toEqual(left);
    expect((await lost(happened, { left, says })).outbox).toEqual([says]);
  });

  it("is void with the tool's no", async () => {
    expect((await lost(async () => ({ happened: false }), { left, says })).outbox).toBeUndefined();
  });
});

describe("an intent", () => {
  it("that took too long to write is made anew before anything begins", async () => {
    const clock = manualClock();
    const journal = memoryEffectJournal();
    const slow = {
      ...journal,
      intents: [] as number[],
      async intent(...[envelope, intent]: Parameters<typeof journal.intent>) {
        slow.intents.push(intent.startBefore - clock.now());
        if (slow.intents.length === 1) await clock.advance(START_WITHIN_MS);
        await journal.intent(envelope, intent);
      },
    };
    const controller = journaled({
      clock,
      executors: {
        tool_call: async () => ({
          kind: "tool_call",
          launch: { status: "done", result: { status: "ok", output: 1 } },
        }),
      },
    });
    const toolbox = { definitions: [definition({ onCrash: "ask" })], execute: () => NEVER };
    await until(clock, controller.execute(toolEnvelope(), contextOf(toolbox, { journal: slow })));
    expect(slow.intents).toEqual([START_WITHIN_MS, START_WITHIN_MS]);
    expect(journal.writes).toEqual(["intent 1.tool_call.0", "intent 1.tool_call.0", "outcome 1.tool_call.0"]);
  });
});
