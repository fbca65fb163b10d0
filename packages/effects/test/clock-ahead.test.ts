import { callId, createEnvelope, executionScope, tool } from "@pawl/core";
import { type EffectContext, journaled, staticToolbox, toolExecutor } from "@pawl/effects";
import { manualClock, memoryEffectJournal } from "@pawl/testing";
import { expect, it } from "vitest";
import { z } from "zod";

it("D12: an intent of a node whose clock is an hour ahead holds nobody up for longer than an attempt may take", async () => {
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
    clock,
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
  await journal.intent(envelope, { attempt: 0, startBefore: clock.now() + 3_600_000 });
  const context = {
    signal: new AbortController().signal,
    journal: journal.reopen(),
    turn: { sessionId: "s1", turnId: "t1", toolbox: staticToolbox({ charge }) },
  } as unknown as EffectContext;
  const outcome = controller.execute(envelope, context);
  await clock.advance(12_000);
  expect(await outcome).toMatchObject({ launch: { status: "not_begun", attempt: 0 } });
  expect(asked).toEqual([0, 12_000]);
});
