import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adminPool, deltaRow, fresh, openTurn, type PgStore } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

/** So few share one connection. */
const TURNS = 6;
const ROWS = 8;
/** Within one pass of the event loop. */
const STEPS_OF_A_TURN = 200;

const database = testDatabase();
let store: PgStore;
let admin: ReturnType<typeof adminPool>;
beforeAll(async () => {
  store = await database.store();
  admin = adminPool(database.url);
});
afterAll(() => admin.end());

type Open = Awaited<ReturnType<typeof openTurn>>;

async function openTurns(): Promise<readonly Open[]> {
  const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
  return Promise.all(Array.from({ length: TURNS }, () => openTurn(store, { node })));
}

/** As a turn does: its next row comes of the one before, and a few steps later. */
async function appendInTurn(open: Open, rows: number): Promise<void> {
  for (let seq = 2; seq < 2 + rows; seq++) {
    await store.log.append(open.fence, [deltaRow(open.turn, seq)]);
    for (let step = 0; step < STEPS_OF_A_TURN; step++) await Promise.resolve();
  }
}

/** Each batch is a transaction of its own. */
async function batchesOf(turns: readonly Open[]): Promise<number> {
  const { rows } = await admin.query<{ batches: string }>(
    "select count(distinct xmin::text) as batches from pawl.log where session_id = any($1) and seq > 1",
    [turns.map(({ session }) => session)],
  );
  return Number(rows[0]?.batches);
}

describe("D9: the next batch", () => {
  test("holds the next row of everybody who was in the last one", async () => {
    const turns = await openTurns();
    await Promise.all(turns.map((open) => appendInTurn(open, ROWS)));
    // The first batch is begun with whoever comes first, who then is one row ahead of the others to the end.
    expect(await batchesOf(turns)).toBe(ROWS + 1);
    for (const { session } of turns) expect(await store.log.read(session)).toHaveLength(ROWS + 1);
  });

  test("waits for nobody who has nothing more to write now", async () => {
    const turns = await openTurns();
    const done = Promise.withResolvers<void>();
    const [first, ...others] = turns as [Open, ...Open[]];
    const late = appendInTurn(first, 1)
      .then(() => done.promise)
      .then(() => store.log.append(first.fence, [deltaRow(first.turn, 3)]));
    await Promise.all(others.map((open) => appendInTurn(open, ROWS)));
    expect(await store.log.read(first.session)).toHaveLength(2);
    done.resolve();
    await late;
    expect(await store.log.read(first.session)).toHaveLength(3);
  });
});
