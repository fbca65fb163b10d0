import { callId, createEnvelope, executionScope, tool } from "@pawl/core";
import type { Clock, StoreTime } from "@pawl/core/ports";
import { type EffectContext, journaled, staticToolbox, toolExecutor } from "@pawl/effects";
import { manualClock, memoryEffectJournal } from "@pawl/testing";
import { expect, it } from "vitest";
import { z } from "zod";
import { contextOf, definition, NEVER, toolEnvelope, until } from "./support/effect-under-test.ts";

const HOUR_MS = 3_600_000;

/** A call whose first owner made its intent now, and the next owner, who asks at once what became of it. */
async function takeOver({
  startBefore,
  here = (clock) => clock,
  time,
}: {
  readonly startBefore: (now: number) => number;
  /** The next owner's clock. */
  readonly here?: (clock: Clock) => Clock;
  readonly time?: (clock: Clock) => StoreTime;
}) {
  const clock = manualClock();
  const asked: number[] = [];
  const began = clock.now();
  const charge = tool({
    description: "Charges",
    input: z.object({}),
    timeoutMs: 2_000,
    execute: () => "charged",
    reconcile: async () => {
      asked.push(clock.now() - began);
      return { happened: false };
    },
  });
  const controller = journaled({
    clock: here(clock),
    time: time?.(clock),
    executors: { tool_call: toolExecutor({ clock, random: () => 0.5 }) },
  });
  const envelope = createEnvelope(
    executionScope.turn("s1", "t1"),
    "e1" as never,
    {
      kind: "tool_call",
      callId: callId("c1"),
      name: "charge",
      input: {},
      idempotencyKey: "k1",
      attempt: 0,
    } as never,
    { type: "turn", iteration: 0 },
  );
  const journal = memoryEffectJournal();
  await journal.intent(envelope, { attempt: 0, startBefore: startBefore(clock.now()) });
  const context = {
    signal: new AbortController().signal,
    journal: journal.reopen(),
    turn: { sessionId: "s1", turnId: "t1", toolbox: staticToolbox({ charge }) },
  } as unknown as EffectContext;
  return { clock, asked, outcome: controller.execute(envelope, context) };
}

it("D12: an intent of a node whose clock is an hour ahead holds nobody up for longer than an attempt may take", async () => {
  const { clock, asked, outcome } = await takeOver({ startBefore: (now) => now + HOUR_MS });
  await clock.advance(12_000);
  expect(await outcome).toMatchObject({ launch: { status: "not_begun", attempt: 0 } });
  expect(asked).toEqual([0, 12_000]);
});

it("D12: a node whose clock is an hour ahead of the store's believes in no early no", async () => {
  let aheadMs = HOUR_MS;
  const { clock, asked, outcome } = await takeOver({
    startBefore: (now) => now + 10_000,
    here: ({ now, at }) => ({ now: () => now() + aheadMs, at: (when, run) => at(when - aheadMs, run) }),
    // Known to within a second.
    time:
      ({ now }) =>
      () => ({ earliest: now() - 1_000, latest: now() }),
  });
  await clock.advance(5_000);
  aheadMs = -HOUR_MS;
  await clock.advance(7_999);
  expect(asked).toEqual([0]);
  await clock.advance(1);
  expect(await outcome).toMatchObject({ launch: { status: "not_begun", attempt: 0 } });
  expect(asked).toEqual([0, 13_000]);
});

it("D12: an attempt begins only while nobody can have said no, however the clock jumped meanwhile", async () => {
  const clock = manualClock();
  let passedMs = 0;
  const bounds = { earliest: 0, latest: 0 };
  const journal = memoryEffectJournal();
  const intents: number[] = [];
  const jumping = {
    ...journal,
    async intent(...[envelope, intent]: Parameters<typeof journal.intent>) {
      intents.push(intent.startBefore);
      await journal.intent(envelope, intent);
      // It took longer than it may, and the clock that had jumped half an hour ahead is right again.
      if (intents.length === 1) passedMs = 11_000;
      bounds.latest = 0;
    },
  };
  bounds.latest = HOUR_MS / 2;
  const time: StoreTime = () => ({
    earliest: bounds.earliest + passedMs,
    latest: bounds.latest + passedMs,
  });
  const controller = journaled({
    clock,
    time,
    executors: {
      tool_call: async () => ({
        kind: "tool_call",
        launch: { status: "done", result: { status: "ok", output: 1 } },
      }),
    },
  });
  const toolbox = { definitions: [definition({ onCrash: "ask" })], execute: () => NEVER };
  await until(clock, controller.execute(toolEnvelope(), contextOf(toolbox, { journal: jumping })));
  expect(intents).toEqual([HOUR_MS / 2 + 10_000, 21_000]);
});
