// D9, D20: a statement whose answer is lost is repeated and recognises what it did. The proxy lets each statement run and then breaks
// the connection, which is the worst moment.
import {
  BEHAVIOUR,
  jobId,
  jobSessionId,
  nodeId,
  type ProcessEventBody,
  type ProcessId,
  type ProcessRegistration,
  processId,
  sessionId,
} from "@pawl/core";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type FaultyProxy, faultyProxy } from "./faulty-proxy.ts";
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
let proxy: FaultyProxy;
let store: PgStore;
let other: PgStore;
beforeAll(async () => {
  proxy = await faultyProxy(database.url);
  store = await database.store({ patienceMs: 3000 }, proxy.url);
  other = await database.store({ patienceMs: 3000 }, proxy.url);
});
afterAll(async () => {
  await database.closeStores();
  await proxy[Symbol.asyncDispose]();
});
beforeEach(() => proxy.heal());

/** Runs `action` with the answer to one statement lost, and makes sure that one was. */
async function losing<T>(statement: string, action: () => Promise<T>): Promise<T> {
  const before = proxy.lost;
  proxy.loseAnswerTo(statement);
  const result = await action();
  expect(proxy.lost).toBe(before + 1);
  return result;
}

const registrationOf = (processId: ProcessId, name: string): ProcessRegistration => ({
  processId,
  name,
  input: null,
  disposition: "rerunnable",
  signals: [],
  wake: null,
});

describe("the answer is lost to", () => {
  test("the making of jobs: each is made once, and none counts as somebody else's", async () => {
    const session = jobSessionId(fresh("js"));
    await store.jobs.openSession({ sessionId: session, document: {}, expiresAt: null });
    const jobOf = (n: number) => ({
      jobId: jobId(`${session}_${n}`),
      sessionId: session,
      principal: session,
      agent: "a",
      status: "pending",
      live: true,
      createdAt: n,
      idempotencyKey: `k${n}`,
      document: { n },
    });
    const made = await losing("pawl_create_jobs", () =>
      Promise.all([1, 2, 3].map((n) => store.jobs.create(jobOf(n), { epoch: 1 }))),
    );
    expect(made.map(({ duplicate, job }) => [duplicate, job.jobId])).toEqual(
      [1, 2, 3].map((n) => [false, jobOf(n).jobId]),
    );
    expect(await store.jobs.list({ principals: [session], limit: 9 })).toEqual(made.map(({ job }) => job));
  });

  test("accept: one input", async () => {
    const session = sessionId(fresh("s"));
    const given = newInput(session);
    const accepted = await losing("pawl_accept_input", () => store.inbox.accept(given)).catch((e) => e);
    expect(accepted).toMatchObject({ duplicate: false, input: { inputId: given.inputId, position: 1 } });
    expect(await store.inbox.list(session)).toHaveLength(1);
  });

  test("accept with a key: one input", async () => {
    const session = sessionId(fresh("s"));
    const accepted = await losing("pawl_accept_input", () =>
      store.inbox.accept(newInput(session, { idempotencyKey: "k" })),
    );
    expect(accepted).toMatchObject({ duplicate: false, input: { position: 1 } });
    expect(await store.inbox.list(session)).toHaveLength(1);
  });

  test("accept with a claim: one input, and what it took is claimed again", async () => {
    const session = sessionId(fresh("s"));
    const lease = await store.leases.openNode(nodeId(fresh("n")), { ttlMs: 60_000 });
    const taken = vi.fn();
    const accepted = await losing("pawl_accept_and_claim", () =>
      store.inbox.accept(newInput(session), { claim: { lease, taken } }),
    );
    expect(accepted).toMatchObject({ duplicate: false, input: { position: 1 } });
    expect(taken).not.toHaveBeenCalled();
    const request = { sessionId: session, limit: 1, behaviours: [BEHAVIOUR] };
    const [claim] = await store.leases.claim(lease, request);
    expect(claim?.next?.input.inputId).toBe(accepted.input.inputId);
  });

  test("accept with a claim, of several: each is one input, and what they took is claimed again", async () => {
    const sessions = [1, 2, 3, 4].map(() => sessionId(fresh("s")));
    const lease = await store.leases.openNode(nodeId(fresh("n")), { ttlMs: 60_000 });
    const taken = vi.fn();
    const all = await losing("pawl_accept_and_claim_several", () =>
      Promise.all(
        sessions.map((session) => store.inbox.accept(newInput(session), { claim: { lease, taken } })),
      ),
    );
    expect(all.map(({ duplicate, input }) => [duplicate, input.position])).toEqual(
      sessions.map(() => [false, 1]),
    );
    // The first one was under way alone.
    expect(taken).toHaveBeenCalledTimes(1);
    for (const [index, session] of sessions.entries()) {
      expect(await store.inbox.list(session)).toHaveLength(1);
      const request = { sessionId: session, limit: 1, behaviours: [BEHAVIOUR] };
      const [claim] = await store.leases.claim(lease, request);
      expect(claim?.next?.input.inputId).toBe(index === 0 ? undefined : all[index]?.input.inputId);
    }
  });

  test("beginTurn: one turn", async () => {
    const held = await heldSession(store);
    await losing("pawl_begin_turn", () =>
      store.sessions.beginTurn(held.fence, newTurn(held.session, held.input, 1)),
    );
    expect(await store.log.read(held.session)).toHaveLength(1);
  });

  test("append: each row once, whichever statement wrote it", async () => {
    const first = await openTurn(store);
    await store.leases.release(first.fence, { type: "retry", delayMs: 0 });
    const open = { ...first, fence: (await claimOne(store, first.node, first.session)).fence };
    // A new holder's first row is judged by the general statement, the others follow it.
    await losing("pawl_append_log_rows", () => store.log.append(open.fence, [deltaRow(open.turn, 2)]));
    await losing("pawl_append_next_row_", () => store.log.append(open.fence, [deltaRow(open.turn, 3)]));
    await store.log.append(open.fence, [deltaRow(open.turn, 4)]);
    await losing("pawl_append_next_rows", () =>
      store.log.append(open.fence, [deltaRow(open.turn, 5), deltaRow(open.turn, 6)]),
    );
    expect((await store.log.read(open.session)).map((row) => row.seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("checkpoint: the steering input is claimed once", async () => {
    const open = await openTurn(store);
    const steer = (await store.inbox.accept(newInput(open.session, { delivery: "steer" }))).input;
    const taken = await losing("pawl_stage_steering_inputs", () =>
      store.inbox.checkpoint(open.fence, open.turn, () => deltaRow(open.turn, 2)),
    );
    expect(taken.inputs.map((i) => i.inputId)).toEqual([steer.inputId]);
    expect(await store.log.read(open.session)).toHaveLength(2);
  });

  test.each(["pawl_end_turns", "pawl_commit_boundary"])(
    "commit (%s): the stored receipt",
    async (statement) => {
      const open = await openTurn(store);
      // What somebody else has begun is committed the general way.
      const committer = statement === "pawl_end_turns" ? store : other;
      const result = await losing(statement, () => committer.sessions.commit(open.fence, turnEnd(open)));
      const receipts = await store.sessions.receipts(open.session);
      expect(receipts).toHaveLength(1);
      expect(result).toEqual({ status: "committed", receipt: receipts[0] });
    },
  );

  test("commit with the rows that end the turn: the stored receipt, and each row once", async () => {
    await openTurn(store);
    const open = await openTurn(store);
    const { row, ...boundary } = turnEnd(open, { seq: 3 });
    const before = [deltaRow(open.turn, 2)];
    const result = await losing("pawl_end_turns", () =>
      store.sessions.commit(open.fence, { ...boundary, before, ...(row && { row }) }),
    );
    const receipts = await store.sessions.receipts(open.session);
    expect(receipts).toHaveLength(1);
    expect(result).toEqual({ status: "committed", receipt: receipts[0] });
    expect((await store.log.read(open.session)).map(({ seq, body }) => [seq, body.kind])).toEqual([
      [1, "machine_input"],
      [2, "text_delta"],
      [3, "turn_committed"],
    ]);
  });

  test("beginTurn of a turn that is as usual: one turn", async () => {
    await openTurn(store);
    const held = await heldSession(store);
    const turn = newTurn(held.session, held.input, 1);
    await losing("pawl_begin_turns", () => store.sessions.beginTurn(held.fence, turn));
    expect(await store.log.read(held.session)).toHaveLength(1);
    await store.log.append(held.fence, [deltaRow(turn.turnId, 2)]);
    expect(
      await store.sessions.commit(held.fence, turnEnd({ ...held, turn: turn.turnId }, { seq: 3 })),
    ).toMatchObject({ status: "committed" });
  });

  test.each([
    ["pawl_release_session", { type: "retry", delayMs: 0 }],
    ["pawl_leave_sessions", { type: "idle" }],
  ] as const)("release (%s): it is left", async (statement, how) => {
    const held = await heldSession(store);
    expect(await losing(statement, () => store.leases.release(held.fence, how))).toBe(true);
    await claimOne(store, held.node, held.session);
  });

  test("requestCancel: the request stands", async () => {
    const open = await openTurn(store);
    const asked = await losing("pawl_request_cancel", () =>
      store.sessions.requestCancel(open.turn, { requestId: "c", origin: "test" }),
    );
    expect(asked).toMatchObject({ evidence: { requestId: "c" } });
    expect(await store.sessions.pendingCancel(open.turn)).toMatchObject({ requestId: "c" });
  });

  test("append of owners: each event once, alone and in a batch", async () => {
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const name = fresh("task");
    const ids = [fresh("p"), fresh("p")].map(processId);
    for (const id of ids) {
      const registration = registrationOf(id, name);
      await store.processes.append({
        processId: id,
        key: "r",
        bodies: [{ type: "registered", registration }],
      });
    }
    const claims = await store.processes.claim(node, { names: [name], limit: 2 });
    const owner = { nodeId: node.nodeId, generation: node.generation };
    const started = { type: "started", attempt: 1, owner } as const;
    const say = (key: string, body: ProcessEventBody, count: number) =>
      losing(count > 1 ? "pawl_append_owned_process_events" : "pawl_append_own_process_event", () =>
        Promise.all(
          claims
            .slice(0, count)
            .map(({ fence }) =>
              store.processes.append({ processId: fence.processId, key, bodies: [body], fence }),
            ),
        ),
      );
    await say("s", started, 2);
    const [first] = await say("p", { type: "progress", value: 1, wake: false }, 1);
    expect(first?.record.progress).toBe(1);
    const lengths = await Promise.all(ids.map(async (id) => (await store.processes.events(id)).length));
    expect(lengths.toSorted()).toEqual([2, 3]);
  });

  test("registration of a background task: it is there once", async () => {
    const id = processId(fresh("p"));
    const registration = registrationOf(id, fresh("task"));
    const bodies = [{ type: "registered", registration }] as const;
    const { record } = await losing("pawl_register_processes", () =>
      store.processes.append({ processId: id, key: "start", bodies }),
    );
    expect(record).toMatchObject({ status: "registered", head: 1 });
    expect(await store.processes.events(id)).toHaveLength(1);
  });

  test("registration that is claimed: nobody knows whose it is, the next claim takes it", async () => {
    const id = processId(fresh("p"));
    const name = fresh("task");
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const bodies = [{ type: "registered", registration: registrationOf(id, name) }] as const;
    const claim = { lease: node, names: [name] };
    const appended = await losing("pawl_register_entered", () =>
      store.processes.append({ processId: id, key: "start", bodies, claim }),
    );
    expect(appended).toMatchObject({ duplicate: true, record: { status: "running", attempts: 1 } });
    expect(appended.claim).toBe(undefined);
    const [next] = await store.processes.claim(node, {
      names: [name],
      limit: 1,
      enter: { maxStartsInARow: 5 },
    });
    expect([next?.fence.epoch, next?.record.attempts]).toEqual([2, 2]);
  });

  test("claim: what it took is not held by nobody, the next claim takes it", async () => {
    const session = sessionId(fresh("s"));
    await store.inbox.accept(newInput(session));
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const request = { sessionId: session, limit: 1, behaviours: [BEHAVIOUR] };
    await expect(
      losing("pawl_claim_one_session", () => store.leases.claim(node, request)),
    ).rejects.toMatchObject({ code: "store_outcome_unknown" });
    const [claim] = await store.leases.claim(node, request);
    // The lost one had epoch 1.
    expect(claim?.fence.epoch).toBe(2);
  });

  test("openNode and renewNode: a lease that works", async () => {
    const node = await losing("pawl_open_node", () =>
      store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 }),
    );
    await losing("pawl_renew_node", () => store.leases.renewNode(node));
  });
});

describe("while the database cannot be reached", () => {
  test("an append waits for it, and goes on when it is back", async () => {
    const open = await openTurn(store);
    proxy.cut();
    const appended = store.log.append(open.fence, [deltaRow(open.turn, 2)]);
    setTimeout(() => proxy.heal(), 200);
    await appended;
    expect(await store.log.read(open.session)).toHaveLength(2);
  });

  test("in the end each verb says so, and what is in doubt is settled before the session is left (G6)", async () => {
    const hasty = await openStore(proxy.url, { patienceMs: 300 });
    const open = await openTurn(hasty);
    await hasty.log.append(open.fence, [deltaRow(open.turn, 2)]);
    // The row lands, its answer is lost, and nobody can be asked.
    const before = proxy.lost;
    proxy.loseAnswerTo("pawl_append_next_row_");
    const appending = hasty.log.append(open.fence, [deltaRow(open.turn, 3)]).catch((error) => error);
    await vi.waitFor(() => expect(proxy.lost).toBe(before + 1), { interval: 1 });
    proxy.cut();
    expect(await appending).toMatchObject({ code: "store_write_failed", details: { outcome: "unknown" } });
    await expect(hasty.sessions.load(open.session)).rejects.toMatchObject({ code: "store_unreachable" });
    await expect(hasty.leases.release(open.fence, { type: "idle" })).rejects.toMatchObject({
      code: "store_write_failed",
    });
    proxy.heal();
    expect(await hasty.leases.release(open.fence, { type: "retry", delayMs: 0 })).toBe(true);
    expect(await claimOne(store, open.node, open.session)).toMatchObject({ logHead: 3 });
    await hasty.close();
  });
});
