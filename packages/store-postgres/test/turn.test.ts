// A whole turn on the real database: what every other test of this package stands on.
import { loadJsonDigest, sessionId, verifyReceipt } from "@pawl/core";
import pg from "pg";
import { beforeAll, describe, expect, test } from "vitest";
import { postgresStore } from "../src/index.ts";
import {
  adminPool,
  beginRow,
  CONFIG,
  claimOne,
  deltaRow,
  fresh,
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
