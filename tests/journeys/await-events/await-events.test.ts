// The model of await-events in two worlds: in memory on a virtual clock, and in PostgreSQL from two processes that are killed.
import { executionScope, isPawlError } from "@pawl/core";
import type { AwaitEventRows } from "@pawl/core/ports";
import { type AwaitEvents, createAwaitEvents, parseKeyring } from "@pawl/effects";
import { memoryStore } from "@pawl/store-memory";
import { postgresStore } from "@pawl/store-postgres";
import { startTestPostgres } from "@pawl/test-postgres";
import { manualClock } from "@pawl/testing";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { JOURNEY_SECRET } from "../journey-secret.ts";
import { type AwaitWorld, checkAwaits, SIDES, steps, type Tried, type WaitEnd } from "./await-model.ts";
import { createProcesses } from "./process-world.ts";

const DEAD = new Error("the process is dead");

async function memoryWorld(lost: () => boolean): Promise<AwaitWorld> {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const rows: AwaitEventRows = {
    ...store.awaits,
    // Hints may be lost.
    onResolved: (listener) => store.awaits.onResolved((keyId) => !lost() && listener(keyId)),
  };
  const make = () => createAwaitEvents({ rows, keyring: parseKeyring(JOURNEY_SECRET), clock });
  const sides: AwaitEvents[] = [];
  for (let side = 0; side < SIDES; side++) sides.push(await make());
  const controls: Set<AbortController>[] = sides.map(() => new Set());
  const scope = executionScope.turn("s1", "turn_1");
  const of = (event: number) => ({ type: "custom", key: `k${event}` }) as const;
  const at = (side: number) => sides[side] as AwaitEvents;

  return {
    wait(side, event, afterMs) {
      const control = new AbortController();
      controls[side]?.add(control);
      const events = at(side);
      const deadline = afterMs === null ? {} : { deadline: clock.now() + afterMs };
      const end = (async (): Promise<WaitEnd> => {
        try {
          const key = await events.key(scope, of(event));
          return {
            type: "told",
            resolution: await events.wait(key, { signal: control.signal, ...deadline }),
          };
        } catch (thrown) {
          if (thrown === DEAD) return { type: "died" };
          if (isPawlError(thrown, "await_event_unknown_or_revoked")) return { type: "revoked" };
          throw thrown;
        } finally {
          controls[side]?.delete(control);
        }
      })();
      return { end, stop: () => control.abort(new DOMException("stop", "AbortError")) };
    },
    async answer(side, event, resolution) {
      try {
        return await at(side).resolve(await at(side).key(scope, of(event)), resolution);
      } catch (thrown) {
        if (isPawlError(thrown, "await_event_unknown_or_revoked")) return { status: "unknown_or_revoked" };
        throw thrown;
      }
    },
    revoke: async (side, event) => store.awaits.revoke(at(side).keyIdOf(scope, of(event))),
    sweep: async () => void (await store.awaits.settleDue(20)),
    async crash(side) {
      for (const control of controls[side] ?? []) control.abort(DEAD);
      sides[side] = await make();
    },
    pass: (ms) => clock.advance(ms),
    winner: async (event) => (await store.awaits.load(at(0).keyIdOf(scope, of(event))))?.terminal ?? null,
    settle: () => clock.advance(10_000),
  };
}

test("A1–A5 D15 in memory, on a virtual clock, with hints that may be lost", {
  timeout: 60_000,
}, async () => {
  const tried: Tried = { waits: 0, answers: 0, accepted: 0, crashes: 0 };
  const check = fc.asyncProperty(steps(1_500, 2), fc.infiniteStream(fc.boolean()), async (taken, luck) => {
    const world = await memoryWorld(() => luck.next().value);
    await checkAwaits(world, taken, tried);
  });
  await fc.assert(check, { numRuns: 150 });
  // It did try what it is about.
  expect(Math.min(tried.waits, tried.answers, tried.accepted)).toBeGreaterThan(200);
  expect(tried.crashes).toBeGreaterThan(20);
});

test("A1–A5 D15 in PostgreSQL, from two processes that are killed", { timeout: 180_000 }, async () => {
  // Nothing here kills the database, so its disk need not be waited for.
  const database = await startTestPostgres({ fsync: false });
  onTestFinished(() => database.stop());
  const store = postgresStore({ url: database.url, schema: "model", poolSize: 2, acceptDataLoss: true });
  await store.open();
  onTestFinished(() => store.close());
  const processes = await createProcesses(database.url, "model", store);
  onTestFinished(async () => void (await processes.stop()));
  const tried: Tried = { waits: 0, answers: 0, accepted: 0, crashes: 0 };
  const check = fc.asyncProperty(steps(120, 1), (taken) => checkAwaits(processes.world(), taken, tried));
  await fc.assert(check, { numRuns: 12, endOnFailure: true });
  expect(Math.min(tried.waits, tried.answers, tried.accepted)).toBeGreaterThan(10);
});
