import { beforeAll, describe, expect, test, vi } from "vitest";
import { adminPool, deltaRow, fresh, openTurn, type PgStore, turnEnd } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
let store: PgStore;
beforeAll(async () => {
  store = await database.store();
});

describe("log", () => {
  test("D5: numbers have no gap and are given once; own rows are recognised", async () => {
    const open = await openTurn(store);
    await store.log.append(open.fence, [deltaRow(open.turn, 2), deltaRow(open.turn, 3)]);
    await store.log.append(open.fence, [deltaRow(open.turn, 2), deltaRow(open.turn, 3)]);
    await store.log.append(open.fence, [deltaRow(open.turn, 3), deltaRow(open.turn, 4)]);
    for (const rows of [
      [deltaRow(open.turn, 4, "other")],
      [deltaRow(open.turn, 6)],
      [deltaRow(open.turn, 4, "other"), deltaRow(open.turn, 5)],
      [deltaRow(open.turn, 5), deltaRow(open.turn, 7)],
    ]) {
      await expect(store.log.append(open.fence, rows)).rejects.toMatchObject({ code: "store_conflict" });
    }
    expect((await store.log.read(open.session)).map((row) => row.seq)).toEqual([1, 2, 3, 4]);
  });

  test("D8: rows of a turn that is not open are refused", async () => {
    const open = await openTurn(store);
    await store.sessions.commit(open.fence, turnEnd(open));
    await expect(store.log.append(open.fence, [deltaRow(open.turn, 3)])).rejects.toMatchObject({
      code: "store_conflict",
    });
  });

  test("D9: in one batch a fenced session and a taken number refuse their own rows and no others", async () => {
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const good = await openTurn(store, { node });
    const taken = await openTurn(store, { node });
    const fencedOff = await openTurn(store, { node });
    await store.leases.release(fencedOff.fence, { type: "retry", delayMs: 0 });
    // The first append is alone in its batch; the others share the next.
    const results = await Promise.allSettled([
      store.log.append(good.fence, [deltaRow(good.turn, 2)]),
      store.log.append(good.fence, [deltaRow(good.turn, 3)]),
      store.log.append(fencedOff.fence, [deltaRow(fencedOff.turn, 2)]),
      store.log.append(taken.fence, [deltaRow(taken.turn, 1)]),
      store.log.append(taken.fence, [deltaRow(taken.turn, 2)]),
      store.log.append(good.fence, [deltaRow(good.turn, 4)]),
    ]);
    expect(results.map((r) => (r.status === "rejected" ? r.reason.code : "ok"))).toEqual([
      "ok",
      "ok",
      "store_fenced",
      "store_conflict",
      "store_conflict",
      "ok",
    ]);
    expect(await store.log.read(good.session)).toHaveLength(4);
    expect(await store.log.read(taken.session)).toHaveLength(1);
  });

  test("D9 G4: a batch that fails is halved until only the guilty session is refused", async () => {
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const opens = [];
    for (let i = 0; i < 7; i++) opens.push(await openTurn(store, { node }));
    const guilty = opens[4]!;
    const pool = adminPool(database.url);
    // What a database can refuse that nobody could know: here a rule of its owner's.
    await pool.query(
      `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not this one'; end $$;
       create trigger refuse before insert on pawl.log for each row when (new.session_id = '${guilty.session}') execute function refuse()`,
    );
    for (const seq of [2, 3]) {
      const results = await Promise.allSettled(
        opens.map((open) => store.log.append(open.fence, [deltaRow(open.turn, open === guilty ? 2 : seq)])),
      );
      expect(results.map((r) => (r.status === "rejected" ? r.reason.code : "ok"))).toEqual(
        opens.map((open) => (open === guilty ? "store_write_failed" : "ok")),
      );
    }
    await pool.query("drop function refuse() cascade");
    await store.log.append(guilty.fence, [deltaRow(guilty.turn, 2)]);
    await pool.end();
  });

  test("hints: in this process an append is heard at once", async () => {
    const open = await openTurn(store);
    const heard = vi.fn();
    const stop = store.log.onAppend(open.session, heard);
    await store.log.append(open.fence, [deltaRow(open.turn, 2)]);
    await vi.waitFor(() => expect(heard).toHaveBeenCalled(), { timeout: 10_000 });
    stop();
  });
});
