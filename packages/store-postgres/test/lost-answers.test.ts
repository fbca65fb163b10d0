// D9, D20: a statement whose answer is lost is repeated and recognises what it did. The proxy lets each statement run and then breaks
// the connection, which is the worst moment.
import { BEHAVIOUR, jobId, jobSessionId, nodeId, sessionId } from "@pawl/core";
import { describe, expect, test, vi } from "vitest";
import { claimOne, deltaRow, fresh, heldSession, newInput, newTurn, openTurn, turnEnd } from "./harness.ts";
import { lossyDatabase } from "./lossy-database.ts";

const at = lossyDatabase();

describe("the answer is lost to", () => {
  test("the making of jobs: each is made once, and none counts as somebody else's", async () => {
    const session = jobSessionId(fresh("js"));
    await at.store.jobs.openSession({ sessionId: session, document: {}, expiresAt: null });
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
    const made = await at.losing("pawl_create_jobs", () =>
      Promise.all([1, 2, 3].map((n) => at.store.jobs.create(jobOf(n), { epoch: 1 }))),
    );
    expect(made.map(({ duplicate, job }) => [duplicate, job.jobId])).toEqual(
      [1, 2, 3].map((n) => [false, jobOf(n).jobId]),
    );
    expect(await at.store.jobs.list({ principals: [session], limit: 9 })).toEqual(made.map(({ job }) => job));
  });

  test("accept: one input", async () => {
    const session = sessionId(fresh("s"));
    const given = newInput(session);
    const accepted = await at.losing("pawl_accept_input", () => at.store.inbox.accept(given)).catch((e) => e);
    expect(accepted).toMatchObject({ duplicate: false, input: { inputId: given.inputId, position: 1 } });
    expect(await at.store.inbox.list(session)).toHaveLength(1);
  });

  test("accept with a key: one input", async () => {
    const session = sessionId(fresh("s"));
    const accepted = await at.losing("pawl_accept_input", () =>
      at.store.inbox.accept(newInput(session, { idempotencyKey: "k" })),
    );
    expect(accepted).toMatchObject({ duplicate: false, input: { position: 1 } });
    expect(await at.store.inbox.list(session)).toHaveLength(1);
  });

  test("accept with a claim: one input, and what it took is claimed again", async () => {
    const session = sessionId(fresh("s"));
    const lease = await at.store.leases.openNode(nodeId(fresh("n")), { ttlMs: 60_000 });
    const taken = vi.fn();
    const accepted = await at.losing("pawl_accept_and_claim", () =>
      at.store.inbox.accept(newInput(session), { claim: { lease, taken } }),
    );
    expect(accepted).toMatchObject({ duplicate: false, input: { position: 1 } });
    expect(taken).not.toHaveBeenCalled();
    const request = { sessionId: session, limit: 1, behaviours: [BEHAVIOUR] };
    const [claim] = await at.store.leases.claim(lease, request);
    expect(claim?.next?.input.inputId).toBe(accepted.input.inputId);
  });

  test("accept with a claim, of several: each is one input, and what they took is claimed again", async () => {
    const sessions = [1, 2, 3, 4].map(() => sessionId(fresh("s")));
    const lease = await at.store.leases.openNode(nodeId(fresh("n")), { ttlMs: 60_000 });
    const taken = vi.fn();
    const all = await at.losing("pawl_accept_and_claim_several", () =>
      Promise.all(
        sessions.map((session) => at.store.inbox.accept(newInput(session), { claim: { lease, taken } })),
      ),
    );
    expect(all.map(({ duplicate, input }) => [duplicate, input.position])).toEqual(
      sessions.map(() => [false, 1]),
    );
    // The first one was under way alone.
    expect(taken).toHaveBeenCalledTimes(1);
    for (const [index, session] of sessions.entries()) {
      expect(await at.store.inbox.list(session)).toHaveLength(1);
      const request = { sessionId: session, limit: 1, behaviours: [BEHAVIOUR] };
      const [claim] = await at.store.leases.claim(lease, request);
      expect(claim?.next?.input.inputId).toBe(index === 0 ? undefined : all[index]?.input.inputId);
    }
  });

  test("beginTurn: one turn", async () => {
    const held = await heldSession(at.store);
    await at.losing("pawl_begin_turn", () =>
      at.store.sessions.beginTurn(held.fence, newTurn(held.session, held.input, 1)),
    );
    expect(await at.store.log.read(held.session)).toHaveLength(1);
  });

  test("append: each row once, whichever statement wrote it", async () => {
    const first = await openTurn(at.store);
    await at.store.leases.release(first.fence, { type: "retry", delayMs: 0 });
    const open = { ...first, fence: (await claimOne(at.store, first.node, first.session)).fence };
    // A new holder's first row is judged by the general statement, the others follow it.
    await at.losing("pawl_append_log_rows", () => at.store.log.append(open.fence, [deltaRow(open.turn, 2)]));
    await at.losing("pawl_append_next_row_", () => at.store.log.append(open.fence, [deltaRow(open.turn, 3)]));
    await at.store.log.append(open.fence, [deltaRow(open.turn, 4)]);
    await at.losing("pawl_append_next_rows", () =>
      at.store.log.append(open.fence, [deltaRow(open.turn, 5), deltaRow(open.turn, 6)]),
    );
    expect((await at.store.log.read(open.session)).map((row) => row.seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("checkpoint: the steering input is claimed once", async () => {
    const open = await openTurn(at.store);
    const steer = (await at.store.inbox.accept(newInput(open.session, { delivery: "steer" }))).input;
    const taken = await at.losing("pawl_stage_steering_inputs", () =>
      at.store.inbox.checkpoint(open.fence, open.turn, () => deltaRow(open.turn, 2)),
    );
    expect(taken.inputs.map((i) => i.inputId)).toEqual([steer.inputId]);
    expect(await at.store.log.read(open.session)).toHaveLength(2);
  });

  test.each(["pawl_end_turns", "pawl_commit_boundary"])(
    "commit (%s): the stored receipt",
    async (statement) => {
      const open = await openTurn(at.store);
      // What somebody else has begun is committed the general way.
      const committer = statement === "pawl_end_turns" ? at.store : at.other;
      const result = await at.losing(statement, () => committer.sessions.commit(open.fence, turnEnd(open)));
      const receipts = await at.store.sessions.receipts(open.session);
      expect(receipts).toHaveLength(1);
      expect(result).toEqual({ status: "committed", receipt: receipts[0] });
    },
  );

  test("commit with the rows that end the turn: the stored receipt, and each row once", async () => {
    await openTurn(at.store);
    const open = await openTurn(at.store);
    const { row, ...boundary } = turnEnd(open, { seq: 3 });
    const before = [deltaRow(open.turn, 2)];
    const result = await at.losing("pawl_end_turns", () =>
      at.store.sessions.commit(open.fence, { ...boundary, before, ...(row && { row }) }),
    );
    const receipts = await at.store.sessions.receipts(open.session);
    expect(receipts).toHaveLength(1);
    expect(result).toEqual({ status: "committed", receipt: receipts[0] });
    expect((await at.store.log.read(open.session)).map(({ seq, body }) => [seq, body.kind])).toEqual([
      [1, "machine_input"],
      [2, "text_delta"],
      [3, "turn_committed"],
    ]);
  });

  test("beginTurn of a turn that is as usual: one turn", async () => {
    await openTurn(at.store);
    const held = await heldSession(at.store);
    const turn = newTurn(held.session, held.input, 1);
    await at.losing("pawl_begin_turns", () => at.store.sessions.beginTurn(held.fence, turn));
    expect(await at.store.log.read(held.session)).toHaveLength(1);
    await at.store.log.append(held.fence, [deltaRow(turn.turnId, 2)]);
    expect(
      await at.store.sessions.commit(held.fence, turnEnd({ ...held, turn: turn.turnId }, { seq: 3 })),
    ).toMatchObject({ status: "committed" });
  });

  test.each([
    ["pawl_release_session", { type: "retry", delayMs: 0 }],
    ["pawl_leave_sessions", { type: "idle" }],
  ] as const)("release (%s): it is left", async (statement, how) => {
    const held = await heldSession(at.store);
    expect(await at.losing(statement, () => at.store.leases.release(held.fence, how))).toBe(true);
    await claimOne(at.store, held.node, held.session);
  });

  test("requestCancel: the request stands", async () => {
    const open = await openTurn(at.store);
    const asked = await at.losing("pawl_request_cancel", () =>
      at.store.sessions.requestCancel(open.turn, { requestId: "c", origin: "test" }),
    );
    expect(asked).toMatchObject({ evidence: { requestId: "c" } });
    expect(await at.store.sessions.pendingCancel(open.turn)).toMatchObject({ requestId: "c" });
  });

  test("claim: what it took is not held by nobody, the next claim takes it", async () => {
    const session = sessionId(fresh("s"));
    await at.store.inbox.accept(newInput(session));
    const node = await at.store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const request = { sessionId: session, limit: 1, behaviours: [BEHAVIOUR] };
    await expect(
      at.losing("pawl_claim_one_session", () => at.store.leases.claim(node, request)),
    ).rejects.toMatchObject({ code: "store_outcome_unknown" });
    const [claim] = await at.store.leases.claim(node, request);
    // The lost one had epoch 1.
    expect(claim?.fence.epoch).toBe(2);
  });

  test("openNode and renewNode: a lease that works", async () => {
    const node = await at.losing("pawl_open_node", () =>
      at.store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 }),
    );
    await at.losing("pawl_renew_node", () => at.store.leases.renewNode(node));
  });
});
