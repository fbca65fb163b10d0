import { jobId } from "@pawl/core";
import type { Jobs } from "@pawl/core/ports";
import { A, B, batch, J1, newJob, open, sent } from "../job-batches.ts";
import { chapter } from "../store-case.ts";
import { addJobOwners } from "./job-owners.ts";
import { addJobStreams } from "./job-streams.ts";

export const jobsChapter = chapter("Jobs", (add) => {
  add("S1 S2 sessions, jobs, events and deliveries come back as they were given", async (t) => {
    const { jobs } = t.store;
    t.expect(await jobs.loadSession(A)).toBe(null);
    t.expect(await jobs.claimSession(A)).toBe(null);
    t.expect(await jobs.load(J1)).toBe(null);
    t.expect(await jobs.loadByKey("ann", "k")).toBe(null);
    t.expect(await jobs.events(J1)).toEqual([]);
    t.expect(await jobs.deliveries(A)).toEqual([]);
    t.expect(await jobs.retainedFrom(A)).toBe(1);

    const session = await open(jobs);
    t.expect(session).toEqual({
      sessionId: A,
      document: { principal: "ann", tokenHash: "h1" },
      expiresAt: null,
      epoch: 1,
      head: 0,
      acked: 0,
    });
    t.expect(await jobs.loadSession(A)).toEqual(session);
    const given = newJob("j1", { idempotencyKey: "k1" });
    const { job, duplicate } = await jobs.create(given);
    t.expect(duplicate).toBe(false);
    t.expect(job).toEqual({ ...given, version: 1, head: 0, endedAt: null });
    t.expect(await jobs.load(J1)).toEqual(job);
    t.expect(await jobs.loadByKey("ann", "k1")).toEqual(job);

    const body = { kind: "progress", deep: [{ text: "«ünïcödé» 🐢\n" }, null] };
    const own = { sessionId: A, seq: 2, body: { refused: true } };
    const first = sent(J1, 1, body);
    const both = { events: first.events, deliveries: [...first.deliveries, own] };
    t.expect(await jobs.append(batch(1, both))).toEqual({ refused: [] });
    t.expect(await jobs.events(J1)).toEqual([{ jobId: J1, seq: 1, body }]);
    t.expect(await jobs.deliveries(A)).toEqual([
      { sessionId: A, seq: 1, event: { jobId: J1, seq: 1, body }, body: null },
      { sessionId: A, seq: 2, event: null, body: { refused: true } },
    ]);
    t.expect((await jobs.load(J1))?.head).toBe(1);
    t.expect((await jobs.loadSession(A))?.head).toBe(2);
  });

  add("S12 S13 the same again is the first; another job under a taken id is a conflict", async (t) => {
    const { jobs } = t.store;
    const session = await open(jobs);
    t.expect(await open(jobs)).toEqual(session);
    await t.refused(jobs.openSession({ sessionId: A, document: {}, expiresAt: null }), "store_conflict");
    const first = await jobs.create(newJob("j1", { idempotencyKey: "k1" }));
    t.expect(await jobs.create(newJob("j1", { idempotencyKey: "k1" }))).toEqual(first);
    const later = await jobs.create(newJob("j2", { idempotencyKey: "k1", document: { other: true } }));
    t.expect(later).toEqual({ job: first.job, duplicate: true });
    t.expect(await jobs.load(jobId("j2"))).toBe(null);
    // Keys are of one principal.
    t.expect((await jobs.create(newJob("j3", { idempotencyKey: "k1", principal: "bob" }))).duplicate).toBe(
      false,
    );
    await t.refused(jobs.create(newJob("j1", { document: {} })), "store_conflict");
  });

  add("S17 racing submissions under one key make one job", async (t) => {
    const second = await t.second();
    await open(t.store.jobs);
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        (i % 2 ? second : t.store).jobs.create(newJob(`j${i}`, { idempotencyKey: "k" })),
      ),
    );
    t.expect(new Set(made.map(({ job }) => job.jobId)).size).toBe(1);
    t.expect(made.filter(({ duplicate }) => !duplicate).length).toBe(1);
    t.expect((await t.store.jobs.list({ limit: 20 })).length).toBe(1);
  });

  add(
    "D25 numbers are dense: a gap and a taken number are refused, and nothing of them is written",
    async (t) => {
      const { jobs } = t.store;
      await open(jobs);
      await jobs.create(newJob("j1"));
      await jobs.append(batch(1, sent(J1, 1, { n: 1 })));
      const conflict = { refused: [{ sessionId: A, reason: "conflict" }] };
      t.expect(await jobs.append(batch(1, sent(J1, 3, { n: 3 })))).toEqual(conflict);
      t.expect(await jobs.append(batch(1, sent(J1, 1, { n: "other" })))).toEqual(conflict);
      // A number of the stream that is not the next one takes the event with it.
      const gap = { ...sent(J1, 2, { n: 2 }), deliveries: [{ sessionId: A, seq: 7, body: 1 }] };
      t.expect(await jobs.append(batch(1, gap))).toEqual(conflict);
      // So does an event that is not there.
      const nowhere = [{ sessionId: A, seq: 2, jobId: J1, jobSeq: 9, owner: A }];
      t.expect(await jobs.append(batch(1, { deliveries: nowhere }))).toEqual(conflict);
      t.expect((await jobs.events(J1)).length).toBe(1);
      t.expect((await jobs.deliveries(A)).length).toBe(1);
    },
  );

  add("S3 the same batch again, after a lost answer, is recognised", async (t) => {
    const { jobs } = t.store;
    await open(jobs);
    const { job } = await jobs.create(newJob("j1"));
    const one = batch(1, {
      ...sent(J1, 1, { n: 1 }),
      changes: [
        { jobId: J1, sessionId: A, version: job.version, status: "blocked", document: { source: "c1" } },
      ],
    });
    t.expect(await jobs.append(one)).toEqual({ refused: [] });
    const record = await jobs.load(J1);
    t.expect(await jobs.append(one)).toEqual({ refused: [] });
    t.expect(await jobs.load(J1)).toEqual(record);
    t.expect((await jobs.events(J1)).length).toBe(1);
    t.expect((await jobs.deliveries(A)).length).toBe(1);
  });

  add("changes replace members, raise the version, and go with their events or not at all", async (t) => {
    const { jobs } = t.store;
    await open(jobs);
    await jobs.create(newJob("j1", { document: { keep: 1, change: 1 } }));
    const change = { jobId: J1, sessionId: A, version: 1, status: "success", live: false };
    const done = batch(1, {
      ...sent(J1, 1, { n: 1 }),
      // Gathered from two: they count as one.
      changes: [
        { jobId: J1, sessionId: A, document: { change: 2 } },
        { ...change, document: { added: [1] } },
      ],
    });
    await jobs.append(done);
    const record = await jobs.load(J1);
    t.expect(record?.document).toEqual({ keep: 1, change: 2, added: [1] });
    t.expect([record?.status, record?.live, record?.version, record?.head]).toEqual(["success", false, 2, 1]);
    t.expect(typeof record?.endedAt).toBe("number");
    const late = batch(1, {
      ...sent(J1, 2, { n: 2 }),
      changes: [{ jobId: J1, sessionId: A, version: 1, status: "running" }],
    });
    t.expect(await jobs.append(late)).toEqual({ refused: [{ sessionId: A, reason: "conflict" }] });
    t.expect(await jobs.load(J1)).toEqual(record);
    t.expect((await jobs.events(J1)).length).toBe(1);
  });

  add("listings page by creation and id, and filter by everything that is asked for", async (t) => {
    const { jobs } = t.store;
    await open(jobs);
    const made = [
      newJob("j1", { createdAt: 10, agent: "writer@1" }),
      newJob("j2", { createdAt: 20, agent: "writer@2", principal: "bob", status: "pending" }),
      newJob("j3", { createdAt: 20, agent: "writers@1" }),
      newJob("j4", { createdAt: 30, agent: "writer", status: "success", live: false, sessionId: B }),
      newJob("j5", { createdAt: 40, principal: "cy" }),
    ];
    for (const one of [...made].reverse()) await jobs.create(one);
    const ids = async (query: Partial<Parameters<Jobs["list"]>[0]>) =>
      (await jobs.list({ limit: 10, ...query })).map((job) => job.jobId as string).join(" ");
    t.expect(await ids({})).toBe("j1 j2 j3 j4 j5");
    t.expect(await ids({ limit: 2 })).toBe("j1 j2");
    t.expect(await ids({ limit: 2, after: { createdAt: 20, jobId: jobId("j2") } })).toBe("j3 j4");
    t.expect(await ids({ limit: 0 })).toBe("");
    t.expect(await ids({ newestFirst: true })).toBe("j5 j4 j3 j2 j1");
    const next = { newestFirst: true, limit: 2, after: { createdAt: 30, jobId: jobId("j4") } };
    t.expect(await ids(next)).toBe("j3 j2");
    t.expect(await ids({ ...next, principals: ["ann"], limit: 1 })).toBe("j3");
    t.expect(await ids({ principals: ["ann"] })).toBe("j1 j3 j4");
    t.expect(await ids({ principals: ["bob", "ann", "ann"], limit: 3 })).toBe("j1 j2 j3");
    t.expect(await ids({ principals: [] })).toBe("");
    t.expect(await ids({ statuses: ["pending", "success"] })).toBe("j2 j4");
    t.expect(await ids({ agent: "writer" })).toBe("j1 j2 j4 j5");
    t.expect(await ids({ agent: "writer@1" })).toBe("j1 j5");
    t.expect(await ids({ createdAfter: 10, createdBefore: 40 })).toBe("j2 j3 j4");
    t.expect(await ids({ live: true, sessionId: A })).toBe("j1 j2 j3 j5");
    t.expect(await ids({ live: false })).toBe("j4");
  });

  add("credentials stay until they are dropped, and their first document stays", async (t) => {
    const { jobs } = t.store;
    await jobs.keepCredentials([
      { credentialId: "c1", document: { jobId: "j1" } },
      { credentialId: "c2", document: { jobId: "j1" } },
    ]);
    await jobs.keepCredentials([{ credentialId: "c1", document: { jobId: "other" } }]);
    await jobs.dropCredential("c2");
    await jobs.dropCredential("c2");
    t.expect(await jobs.credentials()).toEqual([{ credentialId: "c1", document: { jobId: "j1" } }]);
  });

  add("pruning takes what ended long ago, with its log, and nothing that lives", async (t) => {
    const { jobs } = t.store;
    await open(jobs, A);
    await jobs.openSession({ sessionId: B, document: {}, expiresAt: 1 });
    await jobs.create(newJob("j1", { sessionId: A, idempotencyKey: "k" }));
    await jobs.create(newJob("j2", { sessionId: A }));
    await jobs.append(
      batch(1, {
        ...sent(J1, 1, { n: 1 }),
        changes: [{ jobId: J1, sessionId: A, live: false, status: "success" }],
      }),
    );
    t.expect(await jobs.prune(0, 10)).toBe(0);
    const ended = (await jobs.load(J1))?.endedAt ?? 0;
    t.expect(await jobs.prune(ended + 1, 10)).toBe(1);
    t.expect(await jobs.load(J1)).toBe(null);
    t.expect(await jobs.events(J1)).toEqual([]);
    t.expect(await jobs.loadByKey("ann", "k")).toBe(null);
    t.expect((await jobs.deliveries(A)).map(({ event }) => event)).toEqual([null]);
    t.expect((await jobs.load(jobId("j2")))?.live).toBe(true);
    t.expect(await jobs.loadSession(B)).toBe(null);
    t.expect((await jobs.loadSession(A))?.head).toBe(1);
  });

  add("S10 what cannot be stored is refused, and nothing of it is written", async (t) => {
    const { jobs } = t.store;
    await open(jobs);
    for (const bad of ["a\u0000b", "\ud800"]) {
      await t.refused(jobs.create(newJob("j1", { document: { bad } })), "not_storable");
      await t.refused(jobs.create(newJob("j1", { idempotencyKey: bad })), "not_storable");
      await t.refused(jobs.openSession({ sessionId: B, document: { bad }, expiresAt: null }), "not_storable");
    }
    await t.refused(jobs.create(newJob("j1", { idempotencyKey: "k".repeat(501) })), "not_storable");
    await jobs.create(newJob("j1"));
    await t.refused(jobs.append(batch(1, sent(J1, 1, { bad: "\u0000" }))), "not_storable");
    t.expect(await jobs.events(J1)).toEqual([]);
    t.expect(await jobs.loadSession(B)).toBe(null);
  });

  add("S6 hints come for what changed, and values are detached", async (t) => {
    const { jobs } = t.store;
    const heard: unknown[] = [];
    const stop = jobs.onChange((id) => heard.push(id));
    await open(jobs);
    const given = newJob("j1", { document: { list: [1] } });
    await jobs.create(given);
    (given.document.list as number[]).push(2);
    t.expect((await jobs.load(J1))?.document).toEqual({ list: [1] });
    await jobs.append(batch(1, sent(J1, 1, { n: 1 })));
    await t.until("the hint comes", async () => heard.includes(J1) || undefined);
    stop();
    const claimed: unknown[] = [];
    const stopClaims = jobs.onClaimed((id) => claimed.push(id));
    await t.until("the holder before hears of a claim", async () => {
      await jobs.claimSession(A);
      return claimed.includes(A) || undefined;
    });
    stopClaims();
  });

  addJobStreams(add);
  addJobOwners(add);
});
