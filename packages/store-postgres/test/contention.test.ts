// Races on the real database. No sleeps: a test goes on when it has seen the other side wait for a lock.
import { BEHAVIOUR, sessionId } from "@pawl/core";
import type pg from "pg";
import { beforeAll, describe, expect, test, vi } from "vitest";
import {
  claimOne,
  deltaRow,
  fresh,
  heldSession,
  newInput,
  newTurn,
  openStore,
  openTurn,
  type PgStore,
  turnEnd,
} from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
const { admin } = database;
let a: PgStore;
let b: PgStore;
beforeAll(async () => {
  a = await database.store();
  b = await database.store();
});

/** Resolves when a backend waits for a lock within this statement. */
async function waitsForLock(statement: string, otherThan = 0): Promise<number> {
  return vi.waitFor(
    async () => {
      const { rows } = await admin.query(
        "select pid from pg_stat_activity where wait_event_type = 'Lock' and query like $1 and pid <> $2 and datname = current_database()",
        [`/* pawl ${statement}%`, otherThan],
      );
      expect(rows).toHaveLength(1);
      return rows[0].pid as number;
    },
    { timeout: 10_000, interval: 5 },
  );
}

/** A transaction of somebody else's that stays open until `end`. */
async function transaction(): Promise<{
  client: pg.PoolClient;
  end: (how?: "commit" | "rollback") => Promise<void>;
}> {
  const client = await admin.connect();
  await client.query("begin");
  return {
    client,
    end: async (how = "commit") => {
      await client.query(how);
      client.release();
    },
  };
}

/** Holds up whoever inserts this row of the log, and takes it back in the end. */
async function blockRow(session: string, seq: number) {
  const tx = await transaction();
  await tx.client.query(
    `insert into pawl.log (session_id, seq, epoch, at, version, turn_id, body) values ($1, $2, 0, 0, 1, 'x', '{"kind":"x"}')`,
    [session, seq],
  );
  return () => tx.end("rollback");
}

describe("D1: the fence is a lock", () => {
  test("a take-over waits for a fenced append, and then reads what it wrote", async () => {
    const open = await openTurn(a);
    const unblock = await blockRow(open.session, 2);
    const appended = a.log.append(open.fence, [deltaRow(open.turn, 2)]);
    await waitsForLock("append_next_row ");
    // The other process opens the same node anew: its generation can only rise when the append has ended.
    const reborn = b.leases.openNode(open.node.nodeId, { ttlMs: 60_000 });
    await waitsForLock("open_node");
    await unblock();
    await appended;
    const claim = await claimOne(b, await reborn, open.session);
    expect(claim).toMatchObject({ logHead: 2, openTurn: open.turn });
    await expect(a.log.append(open.fence, [deltaRow(open.turn, 3)])).rejects.toMatchObject({
      code: "store_fenced",
    });
  });

  test.each([
    ["append_log_rows", 1, 2],
    ["append_next_row ", 2, 3],
    ["append_next_rows", 2, 4],
  ])(
    "an append (%s) that waits for a take-over is refused when that has happened",
    async (statement, head, last) => {
      const open = await openTurn(a);
      if (head === 2) await a.log.append(open.fence, [deltaRow(open.turn, 2)]);
      const tx = await transaction();
      await tx.client.query("update pawl.nodes set generation = generation + 1 where node_id = $1", [
        open.node.nodeId,
      ]);
      const rows = Array.from({ length: last - head }, (_, i) => deltaRow(open.turn, head + 1 + i));
      // Another process does not know what was written before, and has it judged.
      const writer = statement === "append_log_rows" ? b : a;
      const late = writer.log.append(open.fence, rows).catch((error) => error.code);
      await waitsForLock(statement);
      await tx.end();
      expect(await late).toBe("store_fenced");
      expect(await a.log.read(open.session)).toHaveLength(head);
    },
  );

  test.each([
    ["end_turns", true],
    ["commit_boundary", false],
  ])(
    "a commit (%s) that waits for a take-over is refused when that has happened",
    async (statement, isOwn) => {
      const open = await openTurn(a);
      const tx = await transaction();
      await tx.client.query("update pawl.nodes set generation = generation + 1 where node_id = $1", [
        open.node.nodeId,
      ]);
      const committer = isOwn ? a : b;
      const late = committer.sessions.commit(open.fence, turnEnd(open)).catch((error) => error.code);
      await waitsForLock(statement);
      await tx.end();
      expect(await late).toBe("store_fenced");
      expect(await a.sessions.receipts(open.session)).toEqual([]);
    },
  );

  test("a renewal does not wait for a flush, nor a flush for a renewal", async () => {
    const open = await openTurn(a);
    const unblock = await blockRow(open.session, 2);
    const appended = a.log.append(open.fence, [deltaRow(open.turn, 2)]);
    await waitsForLock("append_next_row ");
    await b.leases.renewNode(open.node);
    await unblock();
    await appended;
  });

  test("D27: a generation that was given twice is told apart by its nonce", async () => {
    const open = await openTurn(a);
    await admin.query("update pawl.nodes set nonce = 'somebody else' where node_id = $1", [open.node.nodeId]);
    await expect(a.log.append(open.fence, [deltaRow(open.turn, 2)])).rejects.toMatchObject({
      code: "store_fenced",
    });
    await expect(a.leases.renewNode(open.node)).rejects.toMatchObject({ code: "store_fenced" });
  });
});

describe("G8: two batches under way", () => {
  test("a batch that waits for a lock does not hold up the others, and its session's next rows wait for it", async () => {
    const node = await a.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const turns = await Promise.all(Array.from({ length: 20 }, () => openTurn(a, { node })));
    const [stuck, ...others] = turns as [(typeof turns)[0], ...typeof turns];
    const unblock = await blockRow(stuck.session, 2);
    const first = a.log.append(stuck.fence, [deltaRow(stuck.turn, 2)]);
    const rest = others.map((open) => a.log.append(open.fence, [deltaRow(open.turn, 2)]));
    await waitsForLock("append_next_row ");
    const second = a.log.append(stuck.fence, [deltaRow(stuck.turn, 3)]);
    await Promise.all(rest);
    await Promise.all(others.map((open) => a.log.append(open.fence, [deltaRow(open.turn, 3)])));
    expect(await a.log.read(stuck.session)).toHaveLength(1);
    await unblock();
    await Promise.all([first, second]);
    for (const open of turns) {
      expect((await a.log.read(open.session)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    }
  });

  test("a pool that can spare no second connection writes them one after another", async () => {
    const store = await openStore(database.url, { poolSize: 2, listenUrl: false });
    try {
      const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
      const turns = await Promise.all(Array.from({ length: 20 }, () => openTurn(store, { node })));
      for (const seq of [2, 3]) {
        await Promise.all(turns.map((open) => store.log.append(open.fence, [deltaRow(open.turn, seq)])));
      }
      for (const open of turns) expect(await store.log.read(open.session)).toHaveLength(3);
    } finally {
      await store.close();
    }
  });
});

describe("claims", () => {
  test("two claimers at once share the sessions, and no session is claimed twice", async () => {
    const sessions = Array.from({ length: 60 }, () => sessionId(fresh("many")));
    for (const session of sessions) await a.inbox.accept(newInput(session));
    const nodes = await Promise.all(
      [a, b].map((store) => store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 })),
    );
    const claimed: string[] = [];
    while (claimed.length < sessions.length) {
      const rounds = await Promise.all(
        [a, b, a, b].map((store, i) =>
          store.leases.claim(nodes[i % 2]!, { limit: 7, behaviours: [BEHAVIOUR] }),
        ),
      );
      const found = rounds.flat().map((claim) => claim.sessionId);
      claimed.push(...found.filter((id) => id.startsWith("many")));
      if (found.length === 0) break;
    }
    expect(new Set(claimed).size).toBe(claimed.length);
    expect([...claimed].sort()).toEqual([...sessions].sort());
  });

  test("a claim passes over what somebody else is just claiming", async () => {
    const session = sessionId(fresh("s"));
    await a.inbox.accept(newInput(session));
    const node = await a.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const tx = await transaction();
    await tx.client.query("select from pawl.session_queue where session_id = $1 for update", [session]);
    const request = { sessionId: session, limit: 1, behaviours: [] };
    expect(await a.leases.claim(node, request)).toEqual([]);
    await tx.end("rollback");
    expect(await a.leases.claim(node, request)).toHaveLength(1);
  });
});

describe("a caller's transaction that stays open", () => {
  test("two acceptors of one key: the second waits, and gets the first one's input", async () => {
    const session = sessionId(fresh("s"));
    await a.inbox.accept(newInput(session));
    const tx = await transaction();
    const first = await a.inbox.accept(newInput(session, { idempotencyKey: "k" }), { tx: tx.client });
    const second = b.inbox.accept(newInput(session, { idempotencyKey: "k" }));
    await waitsForLock("accept_input");
    await tx.end();
    expect(await second).toEqual({ input: first.input, duplicate: true });
    expect(await a.inbox.list(session)).toHaveLength(2);
  });

  test("two acceptors of one key: the first one's transaction fails, and the second enters", async () => {
    const session = sessionId(fresh("s"));
    const tx = await transaction();
    await a.inbox.accept(newInput(session, { idempotencyKey: "k" }), { tx: tx.client });
    const second = b.inbox.accept(newInput(session, { idempotencyKey: "k" }));
    await waitsForLock("accept_input");
    await tx.end("rollback");
    expect(await second).toMatchObject({ duplicate: false, input: { position: 1 } });
  });

  test("does not hold up the session's running turn, and its input is not lost when the session is left", async () => {
    const open = await openTurn(a);
    const tx = await transaction();
    const { input } = await b.inbox.accept(newInput(open.session), { tx: tx.client });
    await a.log.append(open.fence, [deltaRow(open.turn, 2)]);
    await a.inbox.checkpoint(open.fence, open.turn, () => deltaRow(open.turn, 3));
    expect(await a.sessions.commit(open.fence, turnEnd(open, { seq: 4 }))).toMatchObject({
      status: "committed",
    });
    const left = a.leases.release(open.fence, { type: "idle" });
    // It began to leave before the input was there, and leaves after.
    await waitsForLock("release_session");
    await tx.end();
    expect(await left).toBe(true);
    const again = await claimOne(a, open.node, open.session);
    expect((await a.inbox.next(again.fence))?.inputId).toBe(input.inputId);
  });

  test("an input that comes while the session is left shows in its line, and the session is left all the same", async () => {
    const open = await openTurn(a);
    expect(await a.sessions.commit(open.fence, turnEnd(open))).toMatchObject({ status: "committed" });
    const tx = await transaction();
    await tx.client.query("select from pawl.nodes where node_id = $1 for update", [open.node.nodeId]);
    const left = a.leases.release(open.fence, { type: "idle" });
    // It has looked at the line, and waits for the fence.
    await waitsForLock("leave_sessions");
    const { input } = await b.inbox.accept(newInput(open.session));
    await tx.end();
    expect(await left).toBe(true);
    const again = await claimOne(a, open.node, open.session);
    expect((await a.inbox.next(again.fence))?.inputId).toBe(input.inputId);
  });

  test("a wake mark that comes while the session is left stays, with the input that it hastened", async () => {
    const open = await openTurn(a);
    const { input } = await b.inbox.accept(newInput(open.session, { at: Date.now() + 3_600_000 }));
    // Marked before as well: the mark itself does not tell that somebody came again.
    await admin.query("update pawl.session_queue set wake_at = clock_timestamp() where session_id = $1", [
      open.session,
    ]);
    expect(await a.sessions.commit(open.fence, turnEnd(open))).toMatchObject({ status: "committed" });
    const tx = await transaction();
    await tx.client.query(
      `with hastened as (update pawl.inputs set due_at = accepted_at where input_id = $2 returning due_at)
       update pawl.session_queue q set wake_at = least(q.wake_at, clock_timestamp()), input_at = least(q.input_at, h.due_at)
       from hastened h where q.session_id = $1`,
      [open.session, input.inputId],
    );
    const left = a.leases.release(open.fence, { type: "idle" });
    await waitsForLock("release_session");
    await tx.end();
    expect(await left).toBe(true);
    const again = await claimOne(a, open.node, open.session);
    expect((await a.inbox.next(again.fence))?.inputId).toBe(input.inputId);
  });

  test("does not stop the take-over of a dead node: the rest is freed, this session later", async () => {
    const node = await a.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const stuck = await heldSession(a, { node });
    const free = await heldSession(a, { node });
    const tx = await transaction();
    await b.inbox.accept(newInput(stuck.session), { tx: tx.client });
    await admin.query("update pawl.node_heartbeats set expires_at = now() where node_id = $1", [node.nodeId]);
    const other = await b.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const request = { limit: 1, behaviours: [BEHAVIOUR] };
    expect(await b.leases.claim(other, { ...request, sessionId: free.session })).toHaveLength(1);
    expect(await b.leases.claim(other, { ...request, sessionId: stuck.session })).toEqual([]);
    await tx.end();
    expect(await b.leases.claim(other, { ...request, sessionId: stuck.session })).toHaveLength(1);
    await expect(
      a.sessions.beginTurn(stuck.fence, newTurn(stuck.session, stuck.input, 1)),
    ).rejects.toMatchObject({
      code: "store_fenced",
    });
  });
});

describe("a connection that is cut off in a commit", () => {
  test("before it was done: it is done again, once", async () => {
    const open = await openTurn(a);
    const unblock = await blockRow(open.session, 2);
    const committing = a.sessions.commit(open.fence, turnEnd(open));
    const pid = await waitsForLock("end_turns");
    await admin.query("select pg_terminate_backend($1)", [pid]);
    await waitsForLock("end_turns", pid);
    await unblock();
    expect(await committing).toMatchObject({ status: "committed" });
    expect(await a.sessions.receipts(open.session)).toHaveLength(1);
    expect(await a.log.read(open.session)).toHaveLength(2);
  });

  test("D18: a cancel request and the seal meet at one row; the commit that comes second gives way", async () => {
    const open = await openTurn(a);
    const tx = await transaction();
    await tx.client.query("select from pawl.turns where turn_id = $1 for update", [open.turn]);
    const committing = a.sessions.commit(open.fence, turnEnd(open));
    await waitsForLock("commit_boundary");
    await tx.client.query(
      `update pawl.turns set cancel = '{"requestId":"c","requestedAt":1,"origin":"test"}' where turn_id = $1`,
      [open.turn],
    );
    await tx.end();
    expect(await committing).toMatchObject({ status: "cancelled_first", evidence: { requestId: "c" } });
    expect(await a.sessions.receipts(open.session)).toEqual([]);
    expect(await a.log.read(open.session)).toHaveLength(1);
  });
});
