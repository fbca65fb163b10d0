// D16: a turn that waits may be parked at any time. While there is room it waits hot; when others need its place it does not.
import { sessionId, tool } from "@pawl/core";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, scriptedModel } from "@pawl/testing";
import { expect, it, vi } from "vitest";
import { z } from "zod";
import { testHost } from "./test-host.ts";

const TIMEOUT = { timeout: 10_000 };

/** Sessions that all ask for an approval, on a clock that stands still. */
async function asking(sessions: number, concurrency: number) {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const names = Array.from({ length: sessions }, (_, n) => `s${n}`);
  const model = scriptedModel(names.map(() => ({ tools: [{ name: "work" }] })));
  const work = tool({ description: "Works", input: z.object({}), onCrash: "retry", execute: () => 1 });
  const approvals = { work: () => true };
  const host = testHost({ store, clock, model, tools: { work }, approvals, concurrency });
  await host.start();
  for (const name of names) await host.session(name).send("Work.");
  await vi.waitFor(async () => expect(await host.waits.list()).toHaveLength(sessions), TIMEOUT);
  const parked = async () => {
    const records = await Promise.all(names.map((name) => store.sessions.load(sessionId(name))));
    return records.filter((record) => record?.parked === true).length;
  };
  return { clock, parked };
}

it("parks at once what waits in a place that others need", async () => {
  const { parked } = await asking(3, 1);
  await vi.waitFor(async () => expect(await parked()).toBe(3), TIMEOUT);
});

it("keeps what waits hot for half a second while there is room", async () => {
  const { clock, parked } = await asking(1, 4);
  await clock.advance(400);
  expect(await parked()).toBe(0);
  await clock.advance(100);
  await vi.waitFor(async () => expect(await parked()).toBe(1), TIMEOUT);
});
