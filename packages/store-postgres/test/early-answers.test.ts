// An answer is told of before it is on the disk, and acknowledged after (ADR 35). The pool stops at the statement between the two; a crash of the
// database is what it would leave: the event as it was before.
import { executionScope, type LogRow, type Resolution } from "@pawl/core";
import type { NewAwaitEvent } from "@pawl/core/ports";
import type pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { postgresStore } from "../src/index.ts";
import {
  adminPool,
  claimOne,
  deltaRow,
  fresh,
  type OpenTurn,
  openTurn,
  type PgStore,
  turnEnd,
} from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const PATIENCE = { timeout: 15_000 };
const BY = { name: "ana", via: "key" } as const;
const yes = (payload: string): Resolution => ({ status: "ok", payload });
const LOST = { code: "store_conflict", message: expect.stringContaining("is gone") };

const database = testDatabase();
const { admin } = database;
let pool: pg.Pool;
let answering: PgStore;
let waiting: PgStore;
let flushes = 0;
let beforeFlush: () => Promise<unknown> = async () => {};

beforeAll(async () => {
  pool = adminPool(database.url, 10);
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
  Object.assign(pool, {
    query: async (...args: unknown[]) => {
      const [{ name } = {}] = args as [{ name?: string }?];
      if (name?.startsWith("pawl_settle_answers")) {
        flushes += 1;
        await beforeFlush();
      }
      return query(...args);
    },
  });
  answering = postgresStore({ pool });
  await answering.open();
  waiting = await database.store();
});
afterAll(async () => {
  await answering.close();
  await pool.end();
});
beforeEach(() => {
  flushes = 0;
  beforeFlush = async () => {};
});

interface Asked extends OpenTurn {
  readonly keyId: string;
}

/** A turn that waits, held by the store `waiting`. */
async function asking(open?: OpenTurn): Promise<Asked> {
  const turn = open ?? (await openTurn(waiting));
  const keyId = fresh("k");
  const event: NewAwaitEvent = {
    keyId,
    scope: executionScope.turn(turn.session, turn.turn),
    wait: { type: "custom", key: keyId },
    sessionId: turn.session,
    turnId: turn.turn,
    dueAt: null,
    info: {},
  };
  await waiting.awaits.register(event);
  return { ...turn, keyId };
}

/** Answers, and holds the answer up on its way to the disk. */
async function answered(keyId: string, resolution = yes("mine")) {
  const opened = Promise.withResolvers<void>();
  beforeFlush = () => opened.promise;
  const before = flushes;
  const answer = answering.awaits.resolveOpen(keyId, resolution, BY, { info: {} });
  await vi.waitFor(() => expect(flushes).toBe(before + 1), PATIENCE);
  const letGo = () => {
    beforeFlush = async () => {};
    opened.resolve();
    return answer;
  };
  return { answer, letGo };
}

/** What a crash of the database leaves of an answer that had not come to the disk. */
const lose = (keyId: string) =>
  admin.query(
    `update pawl.await_events set terminal = null, resolved_by = null, resolve_token = null, resolved_at = null
     where key_id = $1`,
    [keyId],
  );

const append = ({ fence, turn }: OpenTurn, seq = 2) => waiting.log.append(fence, [deltaRow(turn, seq)]);
const rowsOf = async ({ session }: OpenTurn) => (await waiting.log.read(session)).map(({ seq }) => seq);
const checkpointRow = (turn: OpenTurn, seq: number) => (): LogRow => deltaRow(turn.turn, seq);

describe("an answer on its way to the disk", () => {
  test("is heard and seen by the turn that waits, and is acknowledged when it is there", async () => {
    const it = await asking();
    const heard = new Set<string>();
    const unlisten = waiting.awaits.onResolved((keyId) => heard.add(keyId));
    let isAcknowledged = false;
    const { answer, letGo } = await answered(it.keyId);
    void answer.finally(() => (isAcknowledged = true));
    expect((await waiting.awaits.look(it.keyId))?.terminal).toEqual(yes("mine"));
    await append(it);
    expect(await rowsOf(it)).toEqual([1, 2]);
    expect(isAcknowledged).toBe(false);
    expect((await letGo())?.terminal).toEqual(yes("mine"));
    unlisten();
  });

  test("EA3 is waited for by whoever reads it, comes second, or begins to wait", async () => {
    const it = await asking();
    const { letGo } = await answered(it.keyId);
    const told: string[] = [];
    const second = [answering.awaits.load(it.keyId), answering.awaits.resolve(it.keyId, yes("late"), BY)].map(
      (asked) => asked.finally(() => told.push("told")),
    );
    await vi.waitFor(() => expect(flushes).toBe(3), PATIENCE);
    expect(told).toEqual([]);
    await letGo();
    const [read, late] = await Promise.all(second);
    expect(read).toMatchObject({ terminal: yes("mine") });
    expect(late).toMatchObject({ status: "already_resolved", record: { terminal: yes("mine") } });
  });

  test("EA3 is given anew when a crash of the database took it", async () => {
    const it = await asking();
    const { letGo } = await answered(it.keyId);
    await lose(it.keyId);
    expect((await letGo())?.terminal).toEqual(yes("mine"));
    expect(flushes).toBe(2);
    expect((await waiting.awaits.load(it.keyId))?.terminal).toEqual(yes("mine"));
  });

  test("EA3 is not acknowledged when it was lost and somebody else was quicker", async () => {
    const it = await asking();
    const { letGo } = await answered(it.keyId);
    await lose(it.keyId);
    await waiting.awaits.resolve(it.keyId, yes("other"), BY);
    expect(await letGo()).toBe(undefined);
    expect((await answering.awaits.load(it.keyId))?.terminal).toEqual(yes("other"));
  });
});

describe("EA1 what stands on an answer that a crash of the database took", () => {
  async function lost(open?: OpenTurn) {
    const it = await asking(open);
    const { letGo } = await answered(it.keyId);
    expect((await waiting.awaits.look(it.keyId))?.terminal).toEqual(yes("mine"));
    await lose(it.keyId);
    return { it, letGo };
  }

  test("is not written: as a row, as rows, at a checkpoint, at the end of the turn", async () => {
    const { it, letGo } = await lost();
    const rows = [deltaRow(it.turn, 2), deltaRow(it.turn, 3)];
    await expect(append(it)).rejects.toMatchObject(LOST);
    await expect(waiting.log.append(it.fence, rows)).rejects.toMatchObject(LOST);
    const checkpoint = waiting.inbox.checkpoint(it.fence, it.turn, checkpointRow(it, 3), [
      deltaRow(it.turn, 2),
    ]);
    await expect(checkpoint).rejects.toMatchObject(LOST);
    await expect(waiting.sessions.commit(it.fence, turnEnd(it))).rejects.toMatchObject(LOST);
    expect(await rowsOf(it)).toEqual([1]);
    await letGo();
  });

  test("is not written either when somebody else has answered since", async () => {
    const { it, letGo } = await lost();
    await waiting.awaits.resolve(it.keyId, yes("other"), BY);
    await expect(append(it)).rejects.toMatchObject(LOST);
    expect(await rowsOf(it)).toEqual([1]);
    await letGo();
  });

  test("D9 is refused for its session alone", async () => {
    const { it, letGo } = await lost();
    const kept = await asking();
    const other = await answered(kept.keyId);
    await waiting.awaits.look(kept.keyId);
    const plain = await openTurn(waiting);
    const written = await Promise.allSettled([append(plain), append(it), append(kept)]);
    expect(written.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect([await rowsOf(plain), await rowsOf(it), await rowsOf(kept)]).toEqual([[1, 2], [1], [1, 2]]);
    await other.letGo();
    await letGo();
  });

  test("is written by whoever takes the session over and waits again", async () => {
    const { it, letGo } = await lost();
    await expect(append(it)).rejects.toMatchObject(LOST);
    await letGo();
    expect(await waiting.leases.release(it.fence, { type: "retry", delayMs: 0 })).toBe(true);
    const { fence } = await claimOne(waiting, it.node, it.session);
    expect((await waiting.awaits.look(it.keyId))?.terminal).toEqual(yes("mine"));
    await append({ ...it, fence });
    expect(await rowsOf(it)).toEqual([1, 2]);
  });
});

describe("EA2 what stands on an answer", () => {
  test("is written alone, with others of its turn, and with the end of it", async () => {
    const it = await asking();
    const more = [await asking(it), await asking(it), await asking(it)];
    for (const { keyId } of [it, ...more]) {
      const { letGo } = await answered(keyId);
      await waiting.awaits.look(keyId);
      await letGo();
      if (keyId === it.keyId) await append(it);
      if (keyId === more[1]?.keyId)
        await waiting.log.append(it.fence, [deltaRow(it.turn, 3), deltaRow(it.turn, 4)]);
    }
    await waiting.sessions.commit(it.fence, turnEnd(it, { seq: 5 }));
    expect(await rowsOf(it)).toEqual([1, 2, 3, 4, 5]);
  });

  test("is asked for once: the next rows are like any others", async () => {
    const it = await asking();
    const { letGo } = await answered(it.keyId);
    await waiting.awaits.look(it.keyId);
    await append(it);
    await lose(it.keyId);
    await append(it, 3);
    expect(await rowsOf(it)).toEqual([1, 2, 3]);
    await letGo();
  });
});
