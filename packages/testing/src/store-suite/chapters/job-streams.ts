import { A, batch, J1, newJob, open, sent } from "../job-batches.ts";
import type { AddCase } from "../store-case.ts";

/** Of the chapter on jobs: what is sent to a session's client, and how long it is kept. */
export function addJobStreams(add: AddCase): void {
  add("what is acknowledged may be let go, what is not stays", async (t) => {
    const { jobs } = t.store;
    await open(jobs);
    await jobs.create(newJob("j1"));
    for (let n = 1; n <= 5; n++) await jobs.append(batch(1, sent(J1, n, { n })));
    const numbers = async () => (await jobs.deliveries(A)).map(({ seq }) => seq);
    await jobs.trim(A, 3);
    t.expect(await numbers()).toEqual([1, 2, 3, 4, 5]);
    await jobs.acknowledge(A, 2);
    await jobs.acknowledge(A, 1);
    await jobs.trim(A, 3);
    t.expect(await numbers()).toEqual([3, 4, 5]);
    t.expect((await jobs.loadSession(A))?.acked).toBe(2);
    t.expect(await jobs.retainedFrom(A)).toBe(3);
    t.expect((await jobs.deliveries(A, { after: 3, limit: 1 })).map(({ seq }) => seq)).toEqual([4]);
    await jobs.trim(A, 5, { evenUnacknowledged: true });
    t.expect(await numbers()).toEqual([]);
    t.expect(await jobs.retainedFrom(A)).toBe(6);
    // The log of the job stays, and so does the numbering.
    t.expect((await jobs.events(J1, { after: 1, limit: 2 })).map(({ seq }) => seq)).toEqual([2, 3]);
    t.expect(await jobs.append(batch(1, sent(J1, 6, { n: 6 })))).toEqual({ refused: [] });
    t.expect(await numbers()).toEqual([6]);
    await jobs.acknowledge(A, 99);
    t.expect((await jobs.loadSession(A))?.acked).toBe(6);
  });

  add("a session that is closed takes its stream along and leaves its jobs", async (t) => {
    const { jobs } = t.store;
    await open(jobs);
    await jobs.create(newJob("j1"));
    await jobs.append(batch(1, sent(J1, 1, { n: 1 })));
    t.expect(await jobs.closeSession(A, 1)).toBe(true);
    t.expect(await jobs.loadSession(A)).toBe(null);
    t.expect(await jobs.deliveries(A)).toEqual([]);
    t.expect((await jobs.events(J1)).length).toBe(1);
    t.expect(await jobs.append(batch(1, sent(J1, 2, { n: 2 })))).toEqual({
      refused: [{ sessionId: A, reason: "fenced" }],
    });
  });

  add("S18 a client resumes after a restart, on the numbers that it had", "reopen", async (t) => {
    const { jobs } = t.store;
    await open(jobs);
    await jobs.create(newJob("j1", { idempotencyKey: "k" }));
    await jobs.append(batch(1, sent(J1, 1, { n: 1 })));
    await t.reopen();
    const again = t.store.jobs;
    t.expect((await again.claimSession(A))?.head).toBe(1);
    t.expect(await again.append(batch(1, sent(J1, 2, { n: 2 })))).toEqual({
      refused: [{ sessionId: A, reason: "fenced" }],
    });
    t.expect(await again.append(batch(2, sent(J1, 2, { n: 2 })))).toEqual({ refused: [] });
    t.expect((await again.deliveries(A)).map(({ seq }) => seq)).toEqual([1, 2]);
    t.expect((await again.loadByKey("ann", "k"))?.head).toBe(2);
  });
}
