import { inputId, loadJsonDigest, type SessionId, sessionId } from "@pawl/core";
import type { Delivery, Store } from "@pawl/core/ports";
import { createHost } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import { startTestPostgres, type TestPostgres } from "@pawl/test-postgres";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { JOURNEY_SECRET } from "../journey-secret.ts";
import { chaos } from "./chaos.ts";
import { type FleetOptions, startFleet, Worker } from "./fleet.ts";
import { verifySession } from "./verify-session.ts";

const INPUTS = 4;
/** Other faults each time. `PAWL_CHAOS_SESSIONS=40` while you work on it. */
const CHAOS_SESSIONS = Number(process.env.PAWL_CHAOS_SESSIONS ?? 500);
const LEASE_TTL_MS = 1_500;

let postgres: TestPostgres;
let admin: pg.Pool;
let store: Store<never>;
let fleet: readonly Worker[] = [];

beforeAll(async () => {
  // Nothing here kills the database, so its disk need not be waited for.
  postgres = await startTestPostgres({ fsync: false });
}, 60_000);
afterAll(() => postgres.stop());

beforeEach(async () => {
  admin = new pg.Pool({ connectionString: postgres.url, max: 2 });
  await admin.query("drop schema if exists pawl cascade");
  await admin.query("drop table if exists world");
  await admin.query("create table world (what text, key text, node text, at timestamptz default now())");
  store = postgresStore({ url: postgres.url, listenUrl: false, acceptDataLoss: true }) as Store<never>;
  await store.open();
});
afterEach(async () => {
  await Promise.all(fleet.map((worker) => worker.end()));
  fleet = [];
  await store.close();
  await admin.end();
});

async function start(options: Partial<FleetOptions> = {}): Promise<readonly Worker[]> {
  fleet = await startFleet({
    url: postgres.url,
    size: 3,
    concurrency: 8,
    leaseTtlMs: LEASE_TTL_MS,
    hints: true,
    toolMs: 5,
    ...options,
  });
  return fleet;
}

async function send(session: SessionId, index: number, delivery: Delivery = "next"): Promise<void> {
  await store.inbox.accept({
    inputId: inputId(`in_${session}_${index}`),
    sessionId: session,
    content: { parts: [{ type: "text", text: `${session} says ${index}` }] },
    delivery,
  });
}

function sessions(count: number): readonly SessionId[] {
  return Array.from({ length: count }, (_none, index) => sessionId(`s${index}`));
}

async function open(): Promise<number> {
  const { rows } = await admin.query<{ count: string }>(
    "select count(*) from pawl.inputs where state <> 'consumed'",
  );
  return Number(rows[0]?.count);
}

/** Waits for the last input to reach its terminal. */
async function drained(withinMs: number): Promise<void> {
  try {
    await vi.waitFor(async () => expect(await open()).toBe(0), { timeout: withinMs, interval: 50 });
  } catch (error) {
    const { rows } = await admin.query(
      "select q.*, s.owner_node, s.owner_generation, s.open_turn, s.epoch from pawl.session_queue q join pawl.sessions s using (session_id) where exists (select from pawl.inputs i where i.session_id = q.session_id and i.state <> 'consumed') limit 5",
    );
    console.error(rows, fleet.map(({ complaints }) => complaints.slice(-3_000)).join("\n"));
    throw error;
  }
}

async function performed(what: string): Promise<ReadonlyMap<string, number>> {
  const { rows } = await admin.query<{ key: string; count: string }>(
    "select key, count(*) from world where what = $1 group by key",
    [what],
  );
  return new Map(rows.map(({ key, count }) => [key, Number(count)]));
}

/** What is due is looked for about every five seconds, and that finds other work too: where it must not, it never comes. */
const SHORTER_THAN_A_SWEEP_MS = 4_000;

/** Many sessions at once, which the looks of the start may find. Then one after the other, each a surprise to workers at rest. */
async function drainAll(workers: readonly Worker[]): Promise<void> {
  const ids = sessions(24);
  for (let index = 0; index < INPUTS; index++) for (const id of ids) await send(id, index);
  await drained(30_000);
  const late = ["late0", "late1", "late2"].map((id) => sessionId(id));
  for (const id of late) {
    await send(id, 0);
    await drained(10_000);
  }
  const digest = await loadJsonDigest();
  for (const id of ids) expect((await verifySession(store, id, digest)).turns).toBe(INPUTS);
  for (const id of late) expect((await verifySession(store, id, digest)).turns).toBe(1);
  expect(await Promise.all(workers.map((worker) => worker.stop()))).toEqual([0, 0, 0]);
}

describe("three workers on one database", () => {
  it(
    "that are killed, held and restarted at random: everything ends once, and nothing happens that may not (promises 1, 2, 3, 6)",
    async () => {
      const ids = sessions(CHAOS_SESSIONS);
      // A fault a second on each of three nodes is more than any turn meets, so five in a row may hit one. Only this test: the
      // others keep the default, which the rolling restarts are about.
      const workers = await start({ toolMs: 120, maxAttempts: 100 });
      const seed = Number(process.env.PAWL_CHAOS_SEED ?? Date.now() % 1_000_000);
      const faults = chaos(workers, {
        forMs: 8_000 + 50 * CHAOS_SESSIONS,
        seed,
        leaseTtlMs: LEASE_TTL_MS,
      });
      for (let index = 0; index < INPUTS; index++) {
        // Each round meets the faults of its own time; it need not wait for the round before it.
        for (const [at, id] of ids.entries())
          await send(id, index, (at + index) % 4 === 0 ? "steer" : "next");
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      }
      const report = await faults;
      await drained(40_000 + 200 * CHAOS_SESSIONS);

      const digest = await loadJsonDigest();
      const calls: string[] = [];
      for (const id of ids) calls.push(...(await verifySession(store, id, digest)).calls);
      const looks = await performed("look");
      const charges = await performed("charge");
      const told = `seed ${seed}, ${JSON.stringify(report)}`;
      // One key per call: a retry may happen again after a crash, an ask may not.
      expect(looks.size, told).toBe(calls.filter((name) => name === "look").length);
      expect(charges.size, told).toBe(calls.filter((name) => name === "charge").length);
      expect(
        [...charges].filter(([, count]) => count !== 1),
        told,
      ).toEqual([]);
      expect(
        Object.values(report).reduce((sum, count) => sum + count),
        told,
      ).toBeGreaterThan(5);
    },
    90_000 + 500 * CHAOS_SESSIONS,
  );

  it("that hear no hints drain everything by their polls alone", async () => {
    await drainAll(await start({ hints: false, longestTimerMs: SHORTER_THAN_A_SWEEP_MS }));
  }, 60_000);

  it("that never poll lose nothing of what they are poked for", async () => {
    await drainAll(await start({ pollMs: 3_600_000, longestTimerMs: SHORTER_THAN_A_SWEEP_MS }));
  }, 60_000);

  it("of which one has a clock that jumps by up to an hour: the database's decides", async () => {
    const workers = await start({ size: 2, toolMs: 400 });
    const { config } = workers[0]!;
    const jumping = await Worker.begin({
      ...config,
      url: postgres.url,
      nodeId: "node_jumping",
      clockJumps: true,
    });
    fleet = [...workers, jumping];
    const ids = sessions(24);
    for (let index = 0; index < INPUTS; index++) {
      for (const id of ids) await send(id, index);
      if (index !== 1) continue;
      // In the middle of its work, which is left to the others.
      await vi.waitFor(
        async () => {
          const { rows } = await admin.query("select from world where node = 'node_jumping' limit 1");
          expect(rows).toHaveLength(1);
        },
        { timeout: 10_000 },
      );
      await jumping.kill();
    }
    await drained(30_000);
    const digest = await loadJsonDigest();
    for (const id of ids) expect((await verifySession(store, id, digest)).turns).toBe(INPUTS);
    expect(Math.max(...(await performed("charge")).values())).toBe(1);
  }, 60_000);

  it("park what only a person can know, and go on with the answer wherever it was given (D12, D15, D16)", async () => {
    const workers = await start({ toolMs: 1_500, asksPeople: true });
    const ids = sessions(12);
    for (const id of ids) await send(id, 0);
    const [first] = workers;
    await vi.waitFor(async () => expect((await performed("charge")).size).toBe(ids.length), {
      timeout: 10_000,
    });
    await first!.kill();
    // Another node found the calls of the dead one, and asks. Then nobody is left who could wait.
    const office = createHost({
      store,
      secret: JOURNEY_SECRET,
      model: { id: "none", call: () => Promise.reject(new Error("No.")) },
    });
    const asked = await vi.waitFor(
      async () => {
        const waits = await office.waits.list();
        expect(waits.length).toBeGreaterThan(0);
        expect(await open()).toBe(waits.length);
        return waits;
      },
      { timeout: 20_000, interval: 50 },
    );
    await Promise.all(workers.map((worker) => worker.kill()));
    for (const { id } of asked) {
      const answer = { happened: true, output: "charged" } as const;
      expect(await office.waits.answer(id, answer, { by: "ana" })).toEqual({ status: "accepted" });
      expect(await office.waits.answer(id, { happened: false }, { by: "bo" })).toMatchObject({
        status: "already_resolved",
      });
    }
    await first!.start();
    await drained(20_000);
    const digest = await loadJsonDigest();
    for (const id of ids) expect((await verifySession(store, id, digest)).turns).toBe(1);
    expect([...(await performed("charge")).values()]).toEqual(ids.map(() => 1));
  }, 90_000);

  it("ten rolling restarts use up nobody's attempts (D17)", async () => {
    // Tools take longer than any worker lives: nothing gets further before the restarts are over.
    const workers = await start({ toolMs: 3_000, size: 2 });
    const ids = sessions(6);
    for (const id of ids) await send(id, 0);
    for (let round = 0; round < 10; round++) {
      const worker = workers[round % workers.length]!;
      expect(await worker.stop()).toBe(0);
      await worker.start();
    }
    await drained(40_000);
    const digest = await loadJsonDigest();
    for (const id of ids) await verifySession(store, id, digest);
    expect(Math.max(...(await performed("charge")).values())).toBe(1);
  }, 90_000);
});
