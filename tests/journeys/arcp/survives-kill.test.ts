import { createTestDatabase } from "@pawl/test-postgres";
import { afterEach, describe, expect, it } from "vitest";
import { ArcpServers } from "./arcp-servers.ts";
import { type Frame, isEnd, RawClient } from "./raw-client.ts";

const servers = new ArcpServers();
afterEach(() => servers.clean());

const seqs = (frames: readonly Frame[]) => frames.map(({ event_seq }) => event_seq);
const upTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1);
const ticks = (frames: readonly Frame[], job: string) =>
  frames
    .filter(({ job_id, payload }) => job_id === job && payload.kind === "progress")
    .map(({ payload }) => payload.body.current);

describe("the server is killed in the midst of jobs", { timeout: 120_000 }, () => {
  it("D25 started again, the client resumes with its token: no gap, no repetition, and every job ends", async () => {
    const dir = await servers.folder();
    const first = await servers.start(dir);
    const before = await RawClient.hello(first.ws);
    const lease_request = {
      "tool.call": ["work.*"],
      "cost.budget": ["USD:1.00"],
      "agent.delegate": ["counter"],
    };
    const jobs = {
      counter: await before.submit({ agent: "counter", input: { n: 200, delayMs: 20 } }),
      slow: await before.submit({ agent: "slow", input: { ms: 3_000 } }),
      tools: await before.submit({
        agent: "toolcaller",
        input: {
          tools: Array.from({ length: 40 }, (_, at) => (at % 4 === 3 ? "other" : "work.a")),
          delayMs: 60,
        },
        lease_request,
      }),
      delegator: await before.submit({
        agent: "delegator",
        input: { agent: "counter", input: { n: 100, delayMs: 20 }, waitMs: 3_000 },
        lease_request,
      }),
      keyed: await before.submit({ agent: "echo", input: "once", idempotency_key: "k1" }),
    };
    const idOf = (frame: Frame) => frame.payload.job_id as string;
    await before.until(() => ticks(before.frames, idOf(jobs.counter)).length >= 20, "twenty ticks");
    expect(await first.process.kill("SIGKILL")).toBe("SIGKILL");
    await before.until(() => before.closed !== undefined).catch(() => undefined);

    const second = await servers.start(dir);
    const after = await RawClient.resume(second.ws, before.resume);
    const ends = await Promise.all(
      [jobs.counter, jobs.slow, jobs.tools, jobs.delegator].map((job) => after.end(idOf(job))),
    );
    await after.until(() => after.frames.filter(isEnd).length >= 5, "the end of the child too");
    const all = [...before.numbered, ...after.numbered];
    expect(seqs(all)).toEqual(upTo(all.length));
    expect(ends.map(({ payload }) => payload.final_status)).toEqual([
      "success",
      "success",
      "success",
      "success",
    ]);
    expect(ends.map(({ payload }) => payload.result)).toMatchObject([
      { count: 200 },
      { waited: 3_000 },
      { allowed: 30, denied: 10 },
      { delegated: true },
    ]);
    expect(ticks(all, idOf(jobs.counter))).toEqual(upTo(200));
    const called = all
      .filter(({ payload }) => payload.kind === "tool_call")
      .map(({ payload }) => payload.body.call_id);
    expect(new Set(called).size).toBe(called.length);
    // One child, whoever started it.
    const children = new Set(all.map(({ job_id }) => job_id)).size - Object.keys(jobs).length;
    expect(children).toBe(1);
    // The key still names its job, and other content is still a conflict.
    const again = await after.submit({ agent: "echo", input: "once", idempotency_key: "k1" });
    expect(again.payload).toEqual(jobs.keyed.payload);
    await expect(after.submit({ agent: "echo", input: "twice", idempotency_key: "k1" })).rejects.toThrow(
      "DUPLICATE_KEY",
    );
    // The token that was used is used up.
    const stolen = await RawClient.open(second.ws);
    stolen.sayHello({ resume: before.resume });
    const refusal = await stolen.find(({ type }) => type === "session.error");
    expect(refusal.payload.code).toBe("RESUME_WINDOW_EXPIRED");
  });

  it("P12 what was asked to stop stops, and nobody waits longer than before", async () => {
    const dir = await servers.folder();
    const first = await servers.start(dir);
    const before = await RawClient.hello(first.ws);
    const job = (await before.submit({ agent: "slow", input: { ms: 600_000 } })).payload.job_id as string;
    await before.find(({ payload }) => payload.kind === "status");
    before.send("job.cancel", { reason: "enough" }, { job_id: job });
    await before.find(({ type }) => type === "job.cancelled");
    await first.process.kill("SIGKILL");
    const second = await servers.start(dir);
    const after = await RawClient.resume(second.ws, before.resume);
    const end = before.frames.find(isEnd) ?? (await after.end(job));
    expect(end.payload).toMatchObject({ final_status: "cancelled", code: "CANCELLED" });
  });
});

describe("two servers on one PostgreSQL", { timeout: 120_000 }, () => {
  it("a client goes on at the other one while both live, and its jobs with it", async () => {
    const database = await createTestDatabase();
    const a = await servers.start(await servers.folder(), { databaseUrl: database.url });
    const b = await servers.start(await servers.folder(), { databaseUrl: database.url });
    const onA = await RawClient.hello(a.ws);
    const counter = (await onA.submit({ agent: "counter", input: { n: 150, delayMs: 20 } })).payload.job_id;
    const slow = (await onA.submit({ agent: "slow", input: { ms: 600_000 } })).payload.job_id;
    await onA.until(() => ticks(onA.frames, counter).length >= 10, "ten ticks");
    // Somebody else watches from the other server all the while.
    const watcher = await RawClient.hello(b.ws);
    watcher.send("job.subscribe", { job_id: counter, history: true });
    await watcher.find(({ type }) => type === "job.subscribed");
    await watcher.until(() => ticks(watcher.frames, counter).length >= 10, "ten ticks seen from afar");

    onA.close();
    await onA.until(() => onA.closed !== undefined).catch(() => undefined);
    const onB = await RawClient.resume(b.ws, onA.resume);
    await onB.until(() => ticks(onB.frames, counter).length >= 10, "ten more");
    onB.close();
    await onB.until(() => onB.closed !== undefined).catch(() => undefined);
    // And back to the first, which believes to hold it.
    const again = await RawClient.resume(a.ws, onB.resume);
    expect((await again.end(counter)).payload.result).toEqual({ count: 150 });
    again.send("job.cancel", {}, { job_id: slow });
    expect((await again.end(slow)).payload.code).toBe("CANCELLED");
    const all = [...onA.numbered, ...onB.numbered, ...again.numbered];
    expect(seqs(all)).toEqual(upTo(all.length));
    expect(ticks(all, counter)).toEqual(upTo(150));

    await watcher.end(counter);
    expect(ticks(watcher.frames, counter)).toEqual(upTo(150));
    expect(seqs(watcher.numbered)).toEqual(upTo(watcher.numbered.length));
    // Watching gives no right to stop, and what is Bob's is not there for Alice.
    const bob = await RawClient.hello(b.ws, { token: "tok-b" });
    const request = bob.send("job.subscribe", { job_id: counter });
    const refusal = await bob.find(({ payload }) => payload.request_id === request);
    expect(refusal.payload.code).toBe("JOB_NOT_FOUND");
  });

  it("P15 the jobs of a killed server end on the other one, though nobody resumes there", async () => {
    const database = await createTestDatabase();
    const a = await servers.start(await servers.folder(), { databaseUrl: database.url });
    const b = await servers.start(await servers.folder(), { databaseUrl: database.url });
    const onA = await RawClient.hello(a.ws);
    const counter = (
      await onA.submit({ agent: "counter", input: { n: 100, delayMs: 20 }, idempotency_key: "k" })
    ).payload.job_id;
    await onA.until(() => ticks(onA.frames, counter).length >= 10, "ten ticks");
    await a.process.kill("SIGKILL");
    // Another session of the same principal asks for the same work, and is shown all of it.
    const onB = await RawClient.hello(b.ws);
    const repeated = await onB.submit({
      agent: "counter",
      input: { n: 100, delayMs: 20 },
      idempotency_key: "k",
    });
    expect(repeated.payload.job_id).toBe(counter);
    await onB.end(counter);
    expect(ticks(onB.frames, counter)).toEqual(upTo(100));
    // The client itself comes back late, to what is left for it.
    const late = await RawClient.resume(b.ws, onA.resume);
    await late.end(counter);
    const all = [...onA.numbered, ...late.numbered];
    expect(seqs(all)).toEqual(upTo(all.length));
    expect(ticks(all, counter)).toEqual(upTo(100));
  });
});
