// A whole turn on the real database: what every other test of this package stands on.
import { loadJsonDigest, type SessionId, sessionId, verifyReceipt } from "@pawl/core";
import pg from "pg";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { postgresStore } from "../src/index.ts";
import {
  adminPool,
  beginRow,
  CONFIG,
  claimOne,
  deltaRow,
  fresh,
  heldSession,
  message,
  newInput,
  newTurn,
  openTurn,
  type PgStore,
  turnEnd,
} from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
let store: PgStore;
beforeAll(async () => {
  store = await database.store();
});

describe("a turn", () => {
  test("from its input to its receipt", async () => {
    const session = sessionId(fresh("s"));
    const { input, duplicate } = await store.inbox.accept(newInput(session));
    expect(duplicate).toBe(false);
    expect(input).toMatchObject({ position: 1, state: "queued", lastRunId: null });
    expect(await store.inbox.load(input.inputId)).toEqual(input);

    const node = await store.leases.openNode("node-a" as never, { ttlMs: 60_000 });
    const claim = await claimOne(store, node, session);
    expect(claim).toMatchObject({ logHead: 0, openTurn: null, attempts: 0 });
    expect(await store.inbox.next(claim.fence)).toEqual(input);

    const turn = newTurn(session, input.inputId, 1);
    await store.sessions.beginTurn(claim.fence, turn);
    expect(await store.sessions.load(session)).toMatchObject({
      runtimeState: "running",
      openTurn: turn.turnId,
    });
    expect(await store.inbox.next(claim.fence)).toBeNull();
    expect(await store.sessions.loadConfig("hash-1")).toEqual(CONFIG);

    await store.log.append(claim.fence, [deltaRow(turn.turnId, 2), deltaRow(turn.turnId, 3)]);
    const open = { session, input: input.inputId, node, claim, fence: claim.fence, turn: turn.turnId };
    const boundary = turnEnd(open, { seq: 4 });
    const result = await store.sessions.commit(claim.fence, boundary);
    if (result.status !== "committed") throw new Error(result.status);
    const { receipt } = result;
    expect(receipt).toMatchObject({
      sequence: 0,
      baseRevision: 0,
      revision: 1,
      messageCount: 1,
      previous: null,
    });
    expect(verifyReceipt(receipt, [input.digest], await loadJsonDigest())).toBe(true);

    expect(await store.sessions.transcript(session)).toEqual([message("m1", "done")]);
    expect(await store.sessions.load(session)).toMatchObject({
      runtimeState: "idle",
      revision: 1,
      messageCount: 1,
      lastDigest: receipt.digest,
      openTurn: null,
      parked: false,
      blocked: null,
    });
    expect(await store.inbox.load(input.inputId)).toMatchObject({
      state: "consumed",
      lastRunId: turn.turnId,
      lastBoundarySequence: 0,
    });
    const rows = await store.log.read(session);
    expect(rows.map((row) => [row.seq, row.body.kind])).toEqual([
      [1, "machine_input"],
      [2, "text_delta"],
      [3, "text_delta"],
      [4, "turn_committed"],
    ]);
    expect(rows[0]).toEqual(beginRow(turn.turnId, session, 1));
    expect(await store.log.read(session, { turnId: turn.turnId, after: 1, limit: 2 })).toEqual(
      rows.slice(1, 3),
    );
    expect(await store.sessions.loadBoundaryReceipt(session, turn.turnId, 0)).toEqual(receipt);
    expect(await store.sessions.receipts(session)).toEqual([receipt]);
    expect(await store.sessions.loadCommitted(turn.turnId)).toMatchObject({ receipt, usage: boundary.usage });

    expect(await store.leases.release(claim.fence, { type: "idle" })).toBe(true);
    expect(await store.leases.claim(node, { sessionId: session, limit: 1, behaviours: [] })).toEqual([]);
    expect((await store.sessions.list({ limit: 1 }))[0]?.sessionId).toBe(session);
  });

  test("D20: the same commit again gives the same receipt, another is a conflict", async () => {
    const open = await openTurn(store);
    const first = await store.sessions.commit(open.fence, turnEnd(open));
    expect(await store.sessions.commit(open.fence, turnEnd(open))).toEqual(first);
    const other = turnEnd(open, { outcome: { status: "completed", text: "something else" } });
    await expect(store.sessions.commit(open.fence, other)).rejects.toMatchObject({ code: "store_conflict" });
    expect(await store.sessions.receipts(open.session)).toHaveLength(1);
  });

  test("D20: a commit on the ground on which this process began the turn reads nothing; on another it looks", async () => {
    const read = { statements: [] as string[] };
    class ToldClient extends pg.Client {
      // pg overloads this six ways; it is only passed through.
      override query(...args: unknown[]): never {
        const name = (args[0] as { readonly name?: string }).name ?? "";
        if (name.startsWith("pawl_read_commit_facts")) read.statements.push(name);
        return super.query(...(args as [string])) as never;
      }
    }
    const pool = adminPool(database.url, 4, { Client: ToldClient } as pg.PoolConfig);
    const told = postgresStore({ pool, listenUrl: false });
    try {
      const plain = await openTurn(told);
      await told.log.append(plain.fence, [deltaRow(plain.turn, 2)]);
      const result = await told.sessions.commit(plain.fence, turnEnd(plain, { seq: 3 }));
      expect([result.status, read.statements.length]).toEqual(["committed", 0]);
      const [receipt] = await told.sessions.receipts(plain.session);
      const input = await told.inbox.load(plain.input);
      const digest = await loadJsonDigest();
      expect(input).toMatchObject({ state: "consumed", lastRunId: plain.turn });
      expect(verifyReceipt(receipt!, [input!.digest], digest)).toBe(true);

      // Another process has the input's content changed: the receipt names what is there.
      const changed = await openTurn(told);
      const admin = adminPool(database.url, 1);
      await admin.query("update pawl.inputs set digest = 'another' where input_id = $1", [changed.input]);
      await told.sessions.commit(changed.fence, turnEnd(changed));
      expect(read.statements).toHaveLength(1);
      const [named] = await told.sessions.receipts(changed.session);
      expect(verifyReceipt(named!, ["another"], digest)).toBe(true);

      // One that was staged behind the back of this process goes back with the turn's end.
      const steered = await openTurn(told);
      const late = await told.inbox.accept(newInput(steered.session));
      await admin.query(
        "update pawl.inputs set state = 'staged', delivery = 'steer', turn_id = $2 where input_id = $1",
        [late.input.inputId, steered.turn],
      );
      await told.sessions.commit(steered.fence, turnEnd(steered));
      expect(read.statements).toHaveLength(2);
      expect((await told.inbox.load(late.input.inputId))?.state).toBe("queued");
      await admin.end();
    } finally {
      await told.close();
      await pool.end();
    }
  });

  test("D18: a cancel request that came first makes the commit give way; a later one learns that it lost", async () => {
    const open = await openTurn(store);
    const asked = await store.sessions.requestCancel(open.turn, { requestId: "c1", origin: "test" });
    if (asked.status !== "requested") throw new Error(asked.status);
    expect(await store.sessions.pendingCancel(open.turn)).toEqual(asked.evidence);
    expect(await store.sessions.requestCancel(open.turn, { requestId: "c2", origin: "test" })).toEqual({
      status: "already_requested",
      evidence: asked.evidence,
    });
    expect(await store.sessions.commit(open.fence, turnEnd(open))).toEqual({
      status: "cancelled_first",
      evidence: asked.evidence,
    });
    expect(await store.sessions.transcript(open.session)).toEqual([]);
    const cancelled = turnEnd(open, { outcome: { status: "cancelled", evidence: asked.evidence } });
    expect(await store.sessions.commit(open.fence, cancelled)).toMatchObject({ status: "committed" });

    const done = await openTurn(store);
    await store.sessions.commit(done.fence, turnEnd(done));
    expect(await store.sessions.requestCancel(done.turn, { requestId: "c3", origin: "test" })).toEqual({
      status: "completion_won",
      outcome: { status: "completed", text: "done" },
    });
    expect(
      await store.sessions.requestCancel("turn_nobody" as never, { requestId: "c4", origin: "test" }),
    ).toEqual({
      status: "unknown",
    });
  });

  test("D19: steering inputs and the row that holds them are one; only the end gives them back", async () => {
    const open = await openTurn(store);
    const steer = (await store.inbox.accept(newInput(open.session, { delivery: "steer" }))).input;
    await store.inbox.accept(newInput(open.session));
    const asked: string[][] = [];
    const taken = await store.inbox.checkpoint(open.fence, open.turn, (inputs) => {
      asked.push(inputs.map((i) => i.inputId));
      return deltaRow(open.turn, 2);
    });
    expect(asked.at(-1)).toEqual([steer.inputId]);
    expect(taken.inputs).toEqual([{ ...steer, state: "staged", turnId: open.turn }]);
    expect(await store.inbox.load(steer.inputId)).toEqual(taken.inputs[0]);
    // An empty checkpoint writes its row all the same.
    await store.inbox.checkpoint(open.fence, open.turn, () => deltaRow(open.turn, 3));
    await store.sessions.commit(open.fence, turnEnd(open, { seq: 4 }));
    expect(await store.inbox.load(steer.inputId)).toEqual(steer);
    expect(await store.log.read(open.session)).toHaveLength(4);
  });

  test("D16: a park is refused while the wake mark is set, and only a claim clears it", async () => {
    const open = await openTurn(store);
    await store.inbox.accept(newInput(open.session, { delivery: "interrupt" }));
    expect(await store.leases.release(open.fence, { type: "park" })).toBe(false);
    expect(await store.leases.release(open.fence, { type: "retry", delayMs: 0 })).toBe(true);
    const again = await claimOne(store, open.node, open.session);
    expect(again.openTurn).toBe(open.turn);
    expect(await store.leases.release(again.fence, { type: "park" })).toBe(true);
    expect(await store.sessions.load(open.session)).toMatchObject({ parked: true });

    // Inputs queued behind a parked turn and steering do not wake it, an interrupt does.
    await store.inbox.accept(newInput(open.session));
    await store.inbox.accept(newInput(open.session, { delivery: "steer" }));
    const request = { sessionId: open.session, limit: 1, behaviours: ["pawl-1"] };
    expect(await store.leases.claim(open.node, request)).toEqual([]);
    await store.inbox.accept(newInput(open.session, { delivery: "interrupt" }));
    expect(await store.leases.claim(open.node, request)).toHaveLength(1);
  });

  test("D17: attempts count claims after which the log had not grown", async () => {
    const open = await openTurn(store);
    const seen: number[] = [];
    let { fence } = open;
    for (let round = 0; round < 3; round++) {
      await store.leases.release(fence, { type: "retry", delayMs: 0 });
      const claim = await claimOne(store, open.node, open.session);
      seen.push(claim.attempts);
      fence = claim.fence;
    }
    // The first of them came after the begin row.
    expect(seen).toEqual([0, 1, 2]);
    await store.log.append(fence, [deltaRow(open.turn, 2)]);
    await store.leases.release(fence, { type: "retry", delayMs: 0 });
    expect((await claimOne(store, open.node, open.session)).attempts).toBe(0);
  });

  test("a blocked turn is visible, consumes nothing and waits for a wake", async () => {
    const open = await openTurn(store);
    await store.leases.release(open.fence, { type: "blocked", code: "no_behaviour", message: "Upgrade." });
    expect(await store.sessions.load(open.session)).toMatchObject({
      blocked: { code: "no_behaviour", message: "Upgrade." },
    });
    const request = { sessionId: open.session, limit: 1, behaviours: ["pawl-1"] };
    expect(await store.leases.claim(open.node, request)).toEqual([]);
    await store.sessions.requestCancel(open.turn, { requestId: "c", origin: "test" });
    expect(await store.leases.claim(open.node, request)).toHaveLength(1);
  });

  test("D7: an open turn is left to nodes that know its behaviour", async () => {
    const open = await openTurn(store);
    await store.leases.release(open.fence, { type: "retry", delayMs: 0 });
    const request = { sessionId: open.session, limit: 1 };
    expect(await store.leases.claim(open.node, { ...request, behaviours: ["pawl-0"] })).toEqual([]);
    expect(await store.leases.claim(open.node, { ...request, behaviours: ["pawl-1"] })).toHaveLength(1);
  });
});

describe("accept", () => {
  test("S: the same key and content is the same input, other content a conflict", async () => {
    const session = sessionId(fresh("s"));
    const first = await store.inbox.accept(newInput(session, { idempotencyKey: "k" }));
    const again = await store.inbox.accept(newInput(session, { idempotencyKey: "k" }));
    expect(again).toEqual({ input: first.input, duplicate: true });
    await expect(
      store.inbox.accept(newInput(session, { idempotencyKey: "k", delivery: "steer" })),
    ).rejects.toMatchObject({ code: "store_conflict" });
    await expect(
      store.inbox.accept(newInput(session, { inputId: first.input.inputId })),
    ).rejects.toMatchObject({ code: "store_conflict" });
    expect((await store.inbox.list(session)).map((i) => i.position)).toEqual([1]);
  });

  test("within the caller's transaction: both commit or neither", async () => {
    const pool = adminPool(database.url);
    await pool.query("create table orders (id text primary key)");
    const kept = sessionId(fresh("s"));
    const dropped = sessionId(fresh("s"));
    for (const [session, end] of [
      [kept, "commit"],
      [dropped, "rollback"],
    ] as [SessionId, string][]) {
      const client = await pool.connect();
      await client.query("begin");
      await client.query("insert into orders values ($1)", [session]);
      const { input } = await store.inbox.accept(newInput(session), { tx: client });
      expect(await store.inbox.load(input.inputId)).toBeNull();
      // A refusal leaves the caller's transaction usable.
      await expect(store.inbox.accept({ ...input }, { tx: client })).rejects.toMatchObject({
        code: "store_conflict",
      });
      await client.query(end);
      client.release();
    }
    expect(await store.inbox.list(kept)).toHaveLength(1);
    expect(await store.inbox.list(dropped)).toHaveLength(0);
    const { rows } = await pool.query("select id from orders");
    expect(rows).toEqual([{ id: kept }]);
    await pool.end();
  });

  test("an input for later is claimable when its time has come", async () => {
    const session = sessionId(fresh("s"));
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    await store.inbox.accept(newInput(session, { at: Date.now() + 250 }));
    const request = { sessionId: session, limit: 1, behaviours: [] };
    expect(await store.leases.claim(node, request)).toEqual([]);
    await vi.waitFor(async () => expect(await store.leases.claim(node, request)).toHaveLength(1), {
      timeout: 5000,
    });
  });

  test("what cannot be stored is refused before anything is sent", async () => {
    const session = sessionId(fresh("s"));
    for (const text of ["a\u0000b", "a\ud800b"]) {
      await expect(
        store.inbox.accept(newInput(session, { content: { parts: [{ type: "text", text }] } })),
      ).rejects.toMatchObject({ code: "not_storable" });
    }
    expect(await store.sessions.load(session)).toBeNull();
  });
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

describe("secrets", () => {
  test("the first writer wins, also among racing ones", async () => {
    const name = fresh("secret");
    const values = await Promise.all(
      ["a", "b", "c"].map((value) => store.secrets.loadOrCreate(name, () => value)),
    );
    expect(new Set(values).size).toBe(1);
    expect(await store.secrets.loadOrCreate(name, () => "other")).toBe(values[0]);
  });
});

describe("leases", () => {
  test("D1: an older generation of a node writes nothing, and its sessions are claimable at once", async () => {
    const open = await openTurn(store);
    const reborn = await store.leases.openNode(open.node.nodeId, { ttlMs: 60_000 });
    expect(reborn.generation).toBe(open.node.generation + 1);
    const refused = [
      () => store.log.append(open.fence, [deltaRow(open.turn, 2)]),
      () => store.sessions.commit(open.fence, turnEnd(open)),
      () => store.leases.renewNode(open.node),
      () => store.leases.release(open.fence, { type: "idle" }),
      () => store.inbox.next(open.fence),
      () => store.inbox.checkpoint(open.fence, open.turn, () => deltaRow(open.turn, 2)),
      () => store.leases.claim(open.node, { limit: 1, behaviours: [] }),
    ];
    for (const attempt of refused) await expect(attempt()).rejects.toMatchObject({ code: "store_fenced" });
    expect(await claimOne(store, reborn, open.session)).toMatchObject({ openTurn: open.turn, logHead: 1 });
    await store.leases.closeNode(open.node);
    await store.leases.renewNode(reborn);
  });

  test("D1: when a lease has run out its sessions are taken over, with the log as it is then", async () => {
    const open = await openTurn(store, { ttlMs: 300 });
    await store.log.append(open.fence, [deltaRow(open.turn, 2)]);
    const other = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const request = { sessionId: open.session, limit: 1, behaviours: ["pawl-1"] };
    expect(await store.leases.claim(other, request)).toEqual([]);
    const claims = await vi.waitFor(
      async () => {
        const found = await store.leases.claim(other, request);
        expect(found).toHaveLength(1);
        return found;
      },
      { timeout: 5000 },
    );
    expect(claims[0]).toMatchObject({ logHead: 2, openTurn: open.turn });
    await expect(store.log.append(open.fence, [deltaRow(open.turn, 3)])).rejects.toMatchObject({
      code: "store_fenced",
    });
    await expect(store.leases.renewNode(open.node)).rejects.toMatchObject({ code: "store_fenced" });
  });

  test("a closed node gives everything back", async () => {
    const held = await heldSession(store);
    await store.leases.closeNode(held.node);
    const other = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    expect(await claimOne(store, other, held.session)).toMatchObject({ attempts: 0 });
    await store.leases.closeNode(held.node);
  });
});
