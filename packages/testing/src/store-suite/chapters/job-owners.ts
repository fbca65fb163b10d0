import { type JobBatch, jobId, jobSessionId, nodeId, PawlError } from "@pawl/core";
import type { NewJob } from "@pawl/core/ports";
import { A, B, batch, J1, newJob, open, sent } from "../job-batches.ts";
import type { AddCase } from "../store-case.ts";

/** Of the chapter on jobs: who may write, and what is judged apart although it is written together. */
export function addJobOwners(add: AddCase): void {
  add(
    "S15 a holder that was superseded writes nothing, and harms no other session of its batch",
    async (t) => {
      const { jobs } = t.store;
      await open(jobs, A);
      await open(jobs, B);
      await jobs.create(newJob("j1", { sessionId: A }));
      await jobs.create(newJob("j2", { sessionId: B }));
      const J2 = jobId("j2");
      t.expect((await jobs.claimSession(A))?.epoch).toBe(2);
      const a = sent(J1, 1, { of: "a" }, A);
      const b = sent(J2, 1, { of: "b" }, B);
      const both: JobBatch = {
        epochs: [
          { sessionId: A, epoch: 1 },
          { sessionId: B, epoch: 1 },
        ],
        events: [...a.events, ...b.events],
        deliveries: [...a.deliveries, ...b.deliveries],
        changes: [{ jobId: J1, sessionId: A, status: "stolen" }],
      };
      t.expect(await jobs.append(both)).toEqual({ refused: [{ sessionId: A, reason: "fenced" }] });
      t.expect(await jobs.events(J1)).toEqual([]);
      t.expect((await jobs.load(J1))?.status).toBe("running");
      t.expect((await jobs.events(J2)).length).toBe(1);
      t.expect((await jobs.deliveries(B)).length).toBe(1);
      t.expect(await jobs.updateSession(A, 1, { expiresAt: 5 })).toBe(false);
      t.expect(await jobs.closeSession(A, 1)).toBe(false);
      t.expect(await jobs.updateSession(A, 2, { expiresAt: 5, document: { tokenHash: "h2" } })).toBe(true);
      const session = await jobs.loadSession(A);
      t.expect(session?.document).toEqual({ principal: "ann", tokenHash: "h2" });
      t.expect(session?.expiresAt).toBe(5);
    },
  );

  add(
    "S15 jobs of a process that is gone are taken over, each by one, and by nobody while it lives",
    async (t) => {
      const { jobs, leases } = t.store;
      const second = await t.second();
      const ttlMs = 60_000;
      const dying = await leases.openNode(nodeId("dying"), { ttlMs });
      const heirs = [
        { jobs, lease: await leases.openNode(nodeId("heir-1"), { ttlMs }) },
        { jobs: second.jobs, lease: await second.leases.openNode(nodeId("heir-2"), { ttlMs }) },
      ] as const;
      const C = jobSessionId("js-c");
      const D = jobSessionId("js-d");
      for (const sessionId of [A, B, C]) {
        await jobs.openSession({ sessionId, document: {}, expiresAt: null }, dying);
      }
      // D has a holder who lives, C has no live job, and B was taken over by an heir in good time.
      await jobs.openSession({ sessionId: D, document: {}, expiresAt: null }, heirs[0].lease);
      await jobs.claimSession(B, heirs[1].lease);
      for (const sessionId of [A, B, D]) await jobs.create(newJob(`j-${sessionId}`, { sessionId }));
      await jobs.create(newJob("j-ended", { sessionId: C, live: false }));
      t.expect(await jobs.claimOrphans(heirs[0].lease, 10)).toEqual([]);

      await leases.openNode(nodeId("dying"), { ttlMs });
      const taken = await Promise.all(heirs.map((heir) => heir.jobs.claimOrphans(heir.lease, 10)));
      t.expect(taken.flat().map(({ sessionId, epoch }) => [sessionId, epoch])).toEqual([[A, 2]]);
      t.expect(await jobs.append(batch(1, sent(jobId("j-js-a"), 1, {})))).toEqual({
        refused: [{ sessionId: A, reason: "fenced" }],
      });
      for (const heir of heirs) t.expect(await heir.jobs.claimOrphans(heir.lease, 10)).toEqual([]);
      await leases.closeNode(heirs[0].lease);
      await leases.closeNode(heirs[1].lease);
      const last = await leases.openNode(nodeId("last"), { ttlMs });
      t.expect((await jobs.claimOrphans(last, 2)).length).toBe(2);
      t.expect((await jobs.claimOrphans(last, 2)).length).toBe(1);
    },
  );

  add("a paused node takes over no jobs until it is resumed, and keeps its own", async (t) => {
    const { jobs, leases } = t.store;
    const ttlMs = 60_000;
    const dying = await leases.openNode(nodeId("dying"), { ttlMs });
    const paused = await leases.openNode(nodeId("paused"), { ttlMs });
    const other = await leases.openNode(nodeId("other"), { ttlMs });
    for (const sessionId of [A, B]) {
      await jobs.openSession({ sessionId, document: {}, expiresAt: null }, dying);
      await jobs.create(newJob(`j-${sessionId}`, { sessionId }));
    }
    const own = jobSessionId("js-own");
    await jobs.openSession({ sessionId: own, document: {}, expiresAt: null }, paused);
    await jobs.create(newJob("j-own", { sessionId: own }));
    await leases.setNodePaused(paused.nodeId, true);
    await leases.closeNode(dying);
    t.expect(await jobs.claimOrphans(paused, 9)).toEqual([]);
    t.expect(await jobs.append(batch(1, sent(jobId("j-own"), 1, {}, own), own))).toEqual({ refused: [] });
    t.expect((await jobs.claimOrphans(other, 1)).length).toBe(1);
    await leases.setNodePaused(paused.nodeId, false);
    t.expect((await jobs.claimOrphans(paused, 9)).length).toBe(1);
  });

  add("S15 a job is made by the holder of its session, or not at all", async (t) => {
    const { jobs } = t.store;
    await open(jobs);
    await jobs.claimSession(A);
    await t.refused(jobs.create(newJob("j1", { idempotencyKey: "k" }), { epoch: 1 }), "store_fenced");
    t.expect(await jobs.load(J1)).toBe(null);
    const first = await jobs.create(newJob("j1", { idempotencyKey: "k" }), { epoch: 2 });
    t.expect(first.duplicate).toBe(false);
    // What is there already is told to anybody.
    t.expect(await jobs.create(newJob("j1", { idempotencyKey: "k" }), { epoch: 2 })).toEqual(first);
    const other = newJob("j2", { idempotencyKey: "k", sessionId: B });
    t.expect((await jobs.create(other, { epoch: 7 })).duplicate).toBe(true);
    await t.refused(jobs.create(newJob("j3", { sessionId: B }), { epoch: 1 }), "store_fenced");
  });

  add("a session that would be sent an event that is not written falls with its owner", async (t) => {
    const { jobs } = t.store;
    await open(jobs, A);
    await open(jobs, B);
    await jobs.create(newJob("j1", { sessionId: A }));
    await jobs.claimSession(A);
    const one: JobBatch = {
      epochs: [
        { sessionId: A, epoch: 1 },
        { sessionId: B, epoch: 1 },
      ],
      events: [{ jobId: J1, sessionId: A, seq: 1, body: 1 }],
      deliveries: [{ sessionId: B, seq: 1, jobId: J1, jobSeq: 1, owner: A }],
      changes: [],
    };
    const { refused } = await jobs.append(one);
    t.expect(new Set(refused.map(({ sessionId }) => sessionId))).toEqual(new Set([A, B]));
    t.expect(await jobs.deliveries(B)).toEqual([]);
    // What was written before by whoever may can be sent, beside what is refused.
    await jobs.append({ ...batch(2, {}), events: [{ jobId: J1, sessionId: A, seq: 1, body: 1 }] });
    const beside = { ...one, events: [{ jobId: J1, sessionId: A, seq: 2, body: 2 }] };
    t.expect(await jobs.append(beside)).toEqual({ refused: [{ sessionId: A, reason: "fenced" }] });
    t.expect((await jobs.deliveries(B)).length).toBe(1);
  });

  add("of many that are made at once each is judged for itself", async (t) => {
    const { jobs } = t.store;
    await open(jobs);
    await jobs.openSession({ sessionId: B, document: {}, expiresAt: null });
    await jobs.claimSession(B);
    await jobs.create(newJob("taken", { principal: "bob" }));
    await jobs.create(newJob("first", { idempotencyKey: "k" }));
    const answer = (job: NewJob, epoch?: number) =>
      jobs.create(job, epoch === undefined ? {} : { epoch }).then(
        ({ job: made, duplicate }) => `${made.jobId} ${made.version} ${duplicate}`,
        (error: unknown) => PawlError.from(error).code,
      );
    const answers = await Promise.all([
      answer(newJob("j1"), 1),
      answer(newJob("j2", { sessionId: B }), 1),
      answer(newJob("j3", { sessionId: B }), 2),
      answer(newJob("j4", { idempotencyKey: "k" })),
      answer(newJob("taken")),
      answer(newJob("j5", { idempotencyKey: "k5" })),
      answer(newJob("j6", { live: false, status: "success" })),
      answer(newJob("first", { idempotencyKey: "k" }), 1),
    ]);
    t.expect(answers).toEqual([
      "j1 1 false",
      "store_fenced",
      "j3 1 false",
      "first 1 true",
      "store_conflict",
      "j5 1 false",
      "j6 1 false",
      "first 1 false",
    ]);
    const twice = await Promise.all([answer(newJob("j8")), answer(newJob("j8", { createdAt: 2 }))]);
    t.expect(twice.sort()).toEqual(["j8 1 false", "store_conflict"]);
    const made = await jobs.create(newJob("j7", { document: { deep: [1, { a: null }] } }));
    t.expect(await jobs.load(jobId("j7"))).toEqual(made.job);
  });

  add("of many sessions that are opened and changed at once each is judged for itself", async (t) => {
    const { jobs } = t.store;
    const names = ["o1", "o2", "o3"].map((name) => jobSessionId(name));
    const openOne = (sessionId: (typeof names)[number], n: number) =>
      jobs.openSession({ sessionId, document: { n }, expiresAt: null }).then(
        ({ epoch }) => epoch,
        (error: unknown) => PawlError.from(error).code,
      );
    await openOne(names[0]!, 0);
    const again = await Promise.all([openOne(names[0]!, 9), ...names.map((name, n) => openOne(name, n))]);
    t.expect(again).toEqual(["store_conflict", 1, 1, 1]);
    await jobs.claimSession(names[2]!);
    const changed = await Promise.all([
      jobs.updateSession(names[0]!, 1, { document: { a: 1 }, expiresAt: 5 }),
      jobs.updateSession(names[0]!, 1, { document: { a: 2 } }),
      jobs.updateSession(names[1]!, 1, { expiresAt: 7 }),
      jobs.updateSession(names[1]!, 1, { expiresAt: null }),
      jobs.updateSession(names[2]!, 1, { document: { late: true } }),
      jobs.updateSession(jobSessionId("nobody"), 1, { document: {} }),
    ]);
    t.expect(changed).toEqual([true, true, true, true, false, false]);
    const stored = await Promise.all(names.map((name) => jobs.loadSession(name)));
    t.expect(stored.map((one) => [one?.document, one?.expiresAt])).toEqual([
      [{ n: 0, a: 2 }, 5],
      [{ n: 1 }, null],
      [{ n: 2 }, null],
    ]);
  });
}
