// D9: begins, ends and leaves of several sessions share a statement, and each has a fate of its own.
import { sessionId } from "@pawl/core";
import type { CommitResult } from "@pawl/core/ports";
import { beforeAll, describe, expect, test } from "vitest";
import {
  claimOne,
  deltaRow,
  fresh,
  type Held,
  heldSession,
  newInput,
  newTurn,
  type OpenTurn,
  openTurn,
  type PgStore,
  turnEnd,
} from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
const { admin } = database;
let store: PgStore;
let other: PgStore;
beforeAll(async () => {
  store = await database.store();
  other = await database.store();
  // From here on the configuration of all these turns is known to be stored.
  await openTurn(store);
});

const several = <T>(count: number, make: () => Promise<T>) =>
  Promise.all(Array.from({ length: count }, make));

/** In how many transactions the rows of these sessions were written. */
async function transactions(
  table: string,
  sessions: readonly { readonly session: string }[],
): Promise<number> {
  const { rows } = await admin.query(
    `select count(distinct xmin::text)::int as n, count(*)::int as rows from pawl.${table} where session_id = any($1)`,
    [sessions.map(({ session }) => session)],
  );
  expect(rows[0].rows).toBe(sessions.length);
  return rows[0].n;
}

/** A row that somebody else holds until `run` has ended. */
async function whileLocked(query: string, id: string, run: () => Promise<void>): Promise<void> {
  const client = await admin.connect();
  await client.query("begin");
  await client.query(`${query} for update`, [id]);
  try {
    await run();
  } finally {
    await client.query("rollback");
    client.release();
  }
}

const begin = (held: Held, seq = 1) =>
  store.sessions.beginTurn(held.fence, newTurn(held.session, held.input, seq));
const end = (open: OpenTurn) => store.sessions.commit(open.fence, turnEnd(open));
const codeOf = (error: { readonly code: string }) => error.code;

describe("turns that begin at once", () => {
  test("begin in one transaction", async () => {
    const held = await several(8, () => heldSession(store));
    await Promise.all(held.map((one) => begin(one)));
    expect(await transactions("log", held)).toBe(1);
    for (const { session, input } of held) {
      const { openTurn: open, runtimeState } = (await store.sessions.load(session))!;
      expect([open, runtimeState]).toEqual([newTurn(session, input, 1).turnId, "running"]);
      expect(await store.inbox.load(input)).toMatchObject({ state: "staged", turnId: open });
    }
  });

  test("one that is fenced, has an open turn, leaves a gap, or whose input is gone harms no other", async () => {
    const [fenced, open, gap, taken, ...good] = await several(8, () => heldSession(store));
    const lost = { ...fenced!, fence: { ...fenced!.fence, epoch: fenced!.fence.epoch + 1 } };
    await begin(open!);
    const more = await store.inbox.accept(newInput(open!.session));
    await other.sessions.beginTurn(taken!.fence, newTurn(taken!.session, taken!.input, 1));
    const codes = await Promise.all([
      begin(lost).catch(codeOf),
      begin({ ...open!, input: more.input.inputId }, 2).catch(codeOf),
      begin(gap!, 3).catch(codeOf),
      begin({ ...taken!, input: open!.input }, 2).catch(codeOf),
      ...good.map((one) => begin(one)),
    ]);
    expect(codes.slice(0, 4)).toEqual(["store_fenced", "store_conflict", "store_conflict", "store_conflict"]);
    for (const { session } of good) expect(await store.log.read(session)).toHaveLength(1);
    for (const { session } of [fenced!, gap!]) expect(await store.log.read(session)).toEqual([]);
  });

  test("one whose cancel request came before it begins beside the others", async () => {
    const held = await several(4, () => heldSession(store));
    const early = newTurn(held[0]!.session, held[0]!.input, 1).turnId;
    await store.sessions.requestCancel(early, { requestId: "c", origin: "test" });
    await Promise.all(held.map((one) => begin(one)));
    for (const { session } of held) expect(await store.log.read(session)).toHaveLength(1);
    expect(await store.sessions.pendingCancel(early)).toMatchObject({ requestId: "c" });
  });

  test("one whose row somebody holds does not hold up the others", async () => {
    const [stuck, ...others] = await several(4, () => heldSession(store));
    let late: Promise<void> | undefined;
    await whileLocked("select from pawl.sessions where session_id = $1", stuck!.session, async () => {
      late = begin(stuck!);
      await Promise.all(others.map((one) => begin(one)));
      expect(await store.log.read(stuck!.session)).toEqual([]);
    });
    await late;
    expect(await store.log.read(stuck!.session)).toHaveLength(1);
  });
});

describe("turns that end at once", () => {
  test("are committed in one transaction, each with its own receipt, messages and row", async () => {
    const open = await several(8, () => openTurn(store));
    const results = await Promise.all(open.map(end));
    expect(await transactions("receipts", open)).toBe(1);
    for (const [index, { session, input, turn }] of open.entries()) {
      const { receipt } = results[index] as Extract<CommitResult, { status: "committed" }>;
      expect(await store.sessions.receipts(session)).toEqual([receipt]);
      expect(await store.sessions.transcript(session)).toEqual(turnEnd(open[index]!).delta?.messages);
      expect((await store.log.read(session)).map(({ seq }) => seq)).toEqual([1, 2]);
      expect(await store.inbox.load(input)).toMatchObject({ state: "consumed", lastRunId: turn });
      expect(await store.sessions.load(session)).toMatchObject({
        revision: 1,
        messageCount: 1,
        lastDigest: receipt.digest,
        openTurn: null,
        runtimeState: "idle",
      });
    }
  });

  test("are what the general way would have made of them", async () => {
    const [together, alone] = await several(2, () => openTurn(store));
    await end(together!);
    await other.sessions.commit(alone!.fence, turnEnd(alone!));
    const columns = async (table: string, { session }: OpenTurn) => {
      const { rows } = await admin.query(
        `select to_jsonb(t) as row from pawl.${table} t where session_id = $1`,
        [session],
      );
      // Names, times and digests are each one's own.
      const text = JSON.stringify(rows.map(({ row }) => row)).replaceAll(session, "S");
      return text
        .replace(/\b(in|t|turn|n)_[\w-]+/g, "$1")
        .replace(/[0-9a-f]{64}/g, "H")
        .replace(/"\d{4}-[^"]*"|\d{13}/g, "T");
    };
    for (const table of ["sessions", "turns", "inputs", "receipts", "messages", "log"])
      expect(await columns(table, together!)).toBe(await columns(table, alone!));
  });

  test("one that is fenced, cancelled or stands on another head harms no other", async () => {
    const [fenced, cancelled, moved, steered, ...good] = await several(8, () => openTurn(store));
    const lost = { ...fenced!, fence: { ...fenced!.fence, epoch: fenced!.fence.epoch + 1 } };
    await store.sessions.requestCancel(cancelled!.turn, { requestId: "c", origin: "test" });
    await other.log.append(moved!.fence, [deltaRow(moved!.turn, 2)]);
    const { input } = await store.inbox.accept(newInput(steered!.session, { delivery: "steer" }));
    await other.inbox.checkpoint(steered!.fence, steered!.turn, () => deltaRow(steered!.turn, 2));
    const results = await Promise.all([
      end(lost).catch(codeOf),
      end(cancelled!),
      end(moved!).catch(codeOf),
      store.sessions.commit(steered!.fence, turnEnd(steered!, { seq: 3 })),
      ...good.map(end),
    ]);
    expect(results[0]).toBe("store_fenced");
    expect(results[1]).toMatchObject({ status: "cancelled_first", evidence: { requestId: "c" } });
    expect(results[2]).toBe("store_conflict");
    expect(results[3]).toMatchObject({ status: "committed" });
    // Only the turn's end gives back what it had taken and did not settle (D19).
    expect(await store.inbox.load(input.inputId)).toMatchObject({ state: "queued", turnId: null });
    for (const { session } of good) expect(await store.sessions.receipts(session)).toHaveLength(1);
    for (const { session } of [fenced!, cancelled!, moved!])
      expect(await store.sessions.receipts(session)).toEqual([]);
  });

  test("one whose number another row has taken makes all others go alone, and they are committed", async () => {
    const [taken, ...good] = await several(4, () => openTurn(store));
    await admin.query(
      "insert into pawl.receipts (session_id, run_id, sequence, position, receipt, usage) values ($1, $2, 0, 7, '{}', '{}')",
      [taken!.session, taken!.turn],
    );
    const [first, ...others] = await Promise.all([end(taken!).catch(codeOf), ...good.map(end)]);
    expect(first).not.toMatchObject({ status: "committed" });
    for (const result of others) expect(result).toMatchObject({ status: "committed" });
    for (const { session } of good) expect(await store.sessions.receipts(session)).toHaveLength(1);
  });

  test.each([
    ["session", "select from pawl.sessions where session_id = $1", "session"],
    ["turn", "select from pawl.turns where turn_id = $1", "turn"],
    ["input", "select from pawl.inputs where input_id = $1", "input"],
  ] as const)("one whose %s somebody holds does not hold up the others", async (_, query, key) => {
    const [stuck, ...others] = await several(4, () => openTurn(store));
    let late: Promise<CommitResult> | undefined;
    await whileLocked(query, stuck![key], async () => {
      late = end(stuck!);
      for (const result of await Promise.all(others.map(end))) expect(result.status).toBe("committed");
      expect(await store.sessions.receipts(stuck!.session)).toEqual([]);
    });
    expect(await late).toMatchObject({ status: "committed" });
  });

  test("what the turn still waited for is cancelled with it (D15)", async () => {
    const [waiting, ...others] = await several(3, () => openTurn(store));
    await admin.query(
      `insert into pawl.await_events (key_id, session_id, turn_id, scope, wait, info) values ($1, $2, $3, '{}', '{}', '{}')`,
      [fresh("key"), waiting!.session, waiting!.turn],
    );
    for (const result of await Promise.all([end(waiting!), ...others.map(end)]))
      expect(result.status).toBe("committed");
    const { rows } = await admin.query("select terminal from pawl.await_events where turn_id = $1", [
      waiting!.turn,
    ]);
    expect(rows).toEqual([{ terminal: { status: "cancelled" } }]);
  });
});

describe("sessions that are left at once", () => {
  test("are left in one transaction, and those that have work go on", async () => {
    const held = await several(6, () => heldSession(store));
    const [ready, ...others] = held;
    for (const { session, input } of others)
      await admin.query(
        "update pawl.inputs set state = 'abandoned' where session_id = $1 and input_id = $2",
        [session, input],
      );
    const heard: (string | undefined)[] = [];
    const unlisten = store.leases.onWork((session) => heard.push(session));
    const left = await Promise.all(held.map(({ fence }) => store.leases.release(fence, { type: "idle" })));
    unlisten();
    expect(left).toEqual(held.map(() => true));
    expect(await transactions("session_queue", held)).toBe(1);
    expect(heard).toEqual([ready!.session]);
    await claimOne(store, ready!.node, ready!.session);
    for (const { node, session } of others) {
      const request = { sessionId: session, limit: 1, behaviours: [] };
      expect(await store.leases.claim(node, request)).toEqual([]);
    }
  });

  test("one that is fenced, or whose line somebody holds, harms no other", async () => {
    const [fenced, stuck, ...others] = await several(5, () => heldSession(store));
    const lost = { ...fenced!.fence, epoch: fenced!.fence.epoch + 1 };
    let late: Promise<boolean> | undefined;
    await whileLocked("select from pawl.session_queue where session_id = $1", stuck!.session, async () => {
      late = store.leases.release(stuck!.fence, { type: "idle" });
      const left = others.map(({ fence }) => store.leases.release(fence, { type: "idle" }));
      expect(await store.leases.release(lost, { type: "idle" }).catch(codeOf)).toBe("store_fenced");
      expect(await Promise.all(left)).toEqual(others.map(() => true));
    });
    expect(await late).toBe(true);
    await claimOne(store, fenced!.node, others[0]!.session);
  });
});

test("a session's own name is not somebody else's: unknown sessions are refused alone", async () => {
  const held = await heldSession(store);
  const unknown = { ...held.fence, sessionId: sessionId(fresh("nobody")) };
  const [refused, left] = await Promise.all([
    store.leases.release(unknown, { type: "idle" }).catch(codeOf),
    store.leases.release(held.fence, { type: "idle" }),
  ]);
  expect([refused, left]).toEqual(["store_fenced", true]);
});
