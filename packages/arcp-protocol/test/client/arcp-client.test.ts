import { describe, expect, test } from "vitest";
import type { JobEvent } from "../../src/client/index.ts";
import { type ArcpError, ArcpPeerError } from "../../src/errors.ts";
import { memoryPersistence } from "../../src/persistence/memory-persistence.ts";
import type { AgentDefinition } from "../../src/server/agent.ts";
import { eventsOf } from "../support/events-of.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { MemoryRuntime } from "../support/memory-runtime.ts";

const ticks = (events: JobEvent[]) =>
  events.flatMap((event) => (event.kind === "progress" ? [event.body.current] : []));
const upTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1);

describe("submit", () => {
  test("[4-3] events and end of a job, typed by kind and status", async () => {
    const runtime = new MemoryRuntime();
    const client = await runtime.connect();
    expect(client.agents.find(({ name }) => name === "echo")?.versions).toEqual(["1.0.0", "2.0.0"]);
    expect(client.runtime?.name).toBe("pawl");
    const job = await client.submit({
      agent: "echo@1.0.0",
      input: { a: 1 },
      lease: { "cost.budget": ["USD:1"] },
    });
    expect(job).toMatchObject({
      agent: "echo@1.0.0",
      budget: { USD: 1 },
      lease: { "cost.budget": ["USD:1"] },
    });
    const seen = await eventsOf(job);
    expect(seen.map(({ kind, eventSeq }) => [kind, eventSeq])).toEqual([
      ["status", 1],
      ["log", 2],
    ]);
    const end = await job.done;
    expect(end).toEqual({ status: "success", result: { echo: { a: 1 }, version: "1.0.0" } });
    await client.close();
    await expect(client.submit({ agent: "echo" })).rejects.toMatchObject({ code: "client_closed" });
  });

  test("[7.1-3] a refusal rejects its own submission only", async () => {
    const runtime = new MemoryRuntime();
    const client = await runtime.connect();
    const good = client.submit({ agent: "slow", input: { ms: 20 } });
    await expect(client.submit({ agent: "nobody" })).rejects.toMatchObject({
      code: "agent_not_available",
      wireCode: "AGENT_NOT_AVAILABLE",
      retryable: false,
    });
    expect(await (await good).done).toMatchObject({ status: "success" });
    await client.close();
  });

  test("[7.4-1] cancel and abort end a job as cancelled", async () => {
    const runtime = new MemoryRuntime();
    const client = await runtime.connect();
    const job = await client.submit({ agent: "slow", input: { ms: 60_000 } });
    await job.cancel("enough");
    expect(await job.done).toMatchObject({ status: "cancelled", error: { code: "cancelled" } });
    await job.cancel();
    const controller = new AbortController();
    const other = await client.submit({ agent: "slow", input: { ms: 60_000 }, signal: controller.signal });
    controller.abort();
    expect((await other.done).status).toBe("cancelled");
    await expect(client.cancel("job_unknown")).rejects.toMatchObject({ wireCode: "JOB_NOT_FOUND" });
    await client.close();
  });

  test("[8.4-6] streamed results are put together, or handed out", async () => {
    const runtime = new MemoryRuntime();
    const client = await runtime.connect();
    const text = await client.submit({ agent: "chunker", input: { chunks: 3, size: 2 } });
    expect(await text.done).toMatchObject({ status: "success", result: "aabbcc", resultSize: 6 });
    const bytes = await client.submit({
      agent: "chunker",
      input: { chunks: 2, size: 3, encoding: "base64" },
    });
    const end = await bytes.done;
    expect(end.status === "success" && end.result).toEqual(new Uint8Array([0, 0, 0, 1, 1, 1]));
    const raw = await client.submit({ agent: "chunker", input: { chunks: 2, size: 1 }, chunks: "events" });
    expect((await eventsOf(raw)).map(({ kind }) => kind)).toEqual(["result_chunk", "result_chunk"]);
    expect(await raw.done).toMatchObject({ status: "success", resultId: expect.any(String) });
    await client.close();
  });

  test("[10-1] a delegated job has a handle of its own", async () => {
    const runtime = new MemoryRuntime();
    const client = await runtime.connect();
    const job = await client.submit({
      agent: "delegator",
      input: { agent: "echo", input: 7, waitMs: 20 },
      lease: { "agent.delegate": ["echo"] },
    });
    const delegate = (await eventsOf(job)).find((event) => event.kind === "delegate");
    const child = client.job(delegate?.kind === "delegate" ? (delegate.body.child_job_id ?? "") : "");
    expect(child).toMatchObject({ parentJobId: job.jobId, delegateId: "d1" });
    expect(await child?.done).toMatchObject({ result: { echo: 7 } });
    await client.close();
  });

  test("[6.6-3] all jobs, page by page", async () => {
    const runtime = new MemoryRuntime();
    const client = await runtime.connect();
    const jobs = await Promise.all(upTo(7).map(() => client.submit({ agent: "echo" })));
    await Promise.all(jobs.map(({ done }) => done));
    const listed: string[] = [];
    for await (const { job_id } of client.allJobs({ agent: "echo", status: ["success"] }, 3))
      listed.push(job_id);
    expect(listed.sort()).toEqual(jobs.map(({ jobId }) => jobId).sort());
    await expect(client.listJobs({ createdAfter: "yesterday" })).rejects.toMatchObject({
      wireCode: "INVALID_REQUEST",
    });
    await client.close();
  });

  test("an overflowing reader is told, and the end is still the end", async () => {
    const runtime = new MemoryRuntime();
    const client = await runtime.connect({ maxBufferedEvents: 10 });
    const job = await client.submit({ agent: "counter", input: { n: 50 } });
    expect(await job.done).toMatchObject({ status: "success" });
    await expect(eventsOf(job)).rejects.toMatchObject({ code: "events_overflowed" });
    expect(ticks(await eventsOf(job))).toEqual([41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
    await client.close();
  });

  test("[6.2-3] a feature that the runtime lacks is refused before it is sent", async () => {
    const runtime = new MemoryRuntime({ without: ["list_jobs", "cost.budget"] });
    const client = await runtime.connect();
    await expect(client.listJobs()).rejects.toMatchObject({ code: "feature_not_negotiated" });
    await expect(client.submit({ agent: "echo", lease: { "cost.budget": ["USD:1"] } })).rejects.toMatchObject(
      {
        code: "feature_not_negotiated",
      },
    );
    await client.close();
  });

  test("[6.1-2] a bad token rejects connect, and nothing is tried again", async () => {
    const runtime = new MemoryRuntime();
    await expect(runtime.connect({ token: "bad" })).rejects.toMatchObject({ wireCode: "UNAUTHENTICATED" });
    expect(runtime.dials).toBe(1);
  });

  test("connect gives up after its time, or when it is aborted", async () => {
    const runtime = new MemoryRuntime();
    runtime.reachable = false;
    const clock = new ManualClock();
    const backoff = { firstMs: 5, giveUpAfterMs: 60 };
    const inVain = expect(runtime.connect({ clock, backoff, random: () => 1 })).rejects.toThrow(
      "nobody listens",
    );
    for (let waited = 0; waited < 100; waited += 5) await clock.advance(5);
    await inVain;
    // At 0, 5, 15, 35 and 75.
    expect(runtime.dials).toBe(5);
    const controller = new AbortController();
    const connecting = runtime.connect({ signal: controller.signal, random: () => 1 });
    controller.abort(new Error("no more"));
    await expect(connecting).rejects.toThrow("no more");
  });
});

describe("resume", () => {
  test("[6.3-15] every event once through twenty drops", async () => {
    const runtime = new MemoryRuntime();
    const states: string[] = [];
    const client = await runtime.connect({ onStateChange: (state) => states.push(state) });
    const { sessionId } = client;
    const job = await client.submit({ agent: "counter", input: { n: 200, delayMs: 1 } });
    const seen: JobEvent[] = [];
    for await (const event of job.events) {
      seen.push(event);
      if (seen.length % 10 === 0) runtime.drop();
    }
    expect(ticks(seen)).toEqual(upTo(200));
    expect((await job.done).status).toBe("success");
    expect(client.sessionId).toBe(sessionId);
    expect(runtime.dials).toBeGreaterThan(10);
    expect(states).toContain("reconnecting");
    await client.close();
  });

  test("[8.3-2] a lost frame is a gap, and the gap is filled by a resume", async () => {
    const runtime = new MemoryRuntime();
    const troubles: (ArcpError | ArcpPeerError)[] = [];
    const client = await runtime.connect({ onError: (error) => troubles.push(error) });
    let lost = 0;
    runtime.pass = (frame) => {
      if (lost > 0 || !frame.includes('"event_seq":5,')) return true;
      lost += 1;
      return false;
    };
    const job = await client.submit({ agent: "counter", input: { n: 20, delayMs: 1 } });
    expect(ticks(await eventsOf(job))).toEqual(upTo(20));
    expect(lost).toBe(1);
    expect(troubles.map(({ code }) => code)).toEqual(["sequence_gap"]);
    await client.close();
  });

  test("[6.3-17] a submission whose answer is lost is repeated and runs once", async () => {
    let runs = 0;
    const counted: AgentDefinition = { name: "counted", versions: { "1.0.0": () => ++runs } };
    const runtime = new MemoryRuntime({ moreAgents: [counted] });
    const client = await runtime.connect();
    let lost = 0;
    runtime.pass = (frame) => {
      if (lost > 0 || !frame.includes('"job.accepted"')) return true;
      lost += 1;
      queueMicrotask(() => runtime.drop());
      return false;
    };
    const job = await client.submit({ agent: "counted" });
    expect(await job.done).toMatchObject({ status: "success", result: 1 });
    expect([lost, runs]).toEqual([1, 1]);
    await client.close();
  });

  test("[6.3-17] without a key nobody can know, and it says so", async () => {
    const runtime = new MemoryRuntime();
    const client = await runtime.connect();
    runtime.pass = (frame) => {
      if (!frame.includes('"job.accepted"')) return true;
      queueMicrotask(() => runtime.drop());
      return false;
    };
    await expect(client.submit({ agent: "echo", idempotencyKey: null })).rejects.toMatchObject({
      code: "connection_lost",
    });
    await client.close();
  });

  test("[6.3-16] when the session is gone the jobs are followed from a new one", async () => {
    const persistence = memoryPersistence();
    const runtime = new MemoryRuntime({ persistence });
    const troubles: string[] = [];
    const other = await runtime.connect();
    const client = await runtime.connect({ onError: ({ code }) => troubles.push(code) });
    const first = client.sessionId;
    const job = await client.submit({ agent: "counter", input: { n: 80, delayMs: 2 } });
    const watched = await other.submit({
      agent: "counter",
      input: { n: 80, delayMs: 2 },
    });
    const watching = await client.subscribe(watched.jobId, { history: true });
    const seen: JobEvent[] = [];
    for await (const event of job.events) {
      seen.push(event);
      if (seen.length === 10) {
        // As if the runtime had let the session go.
        (persistence.events as { retainedFrom: (id: string) => number }).retainedFrom = (id) =>
          id === first ? 1e9 : 1;
        runtime.drop();
      }
    }
    expect(ticks(seen)).toEqual(upTo(80));
    expect(ticks(await eventsOf(watching))).toEqual(upTo(80));
    expect(client.sessionId).not.toBe(first);
    expect(troubles).toContain("resume_window_expired");
    await client.close();
  });

  test("[7.2-1] submitting under a key that was used gives the same job", async () => {
    const runtime = new MemoryRuntime();
    const client = await runtime.connect();
    const first = await client.submit({ agent: "echo", input: 1, idempotencyKey: "k" });
    await first.done;
    const again = await client.submit({ agent: "echo", input: 1, idempotencyKey: "k" });
    expect(again).toBe(first);
    const elsewhere = await runtime.connect();
    const repeated = await elsewhere.submit({ agent: "echo", input: 1, idempotencyKey: "k" });
    expect(repeated.jobId).toBe(first.jobId);
    expect(await repeated.done).toMatchObject({ result: { echo: 1 } });
    expect((await eventsOf(repeated)).map(({ kind }) => kind)).toEqual(["status", "log"]);
    await Promise.all([client.close(), elsewhere.close()]);
  });
});

describe("subscribe", () => {
  test("[7.6-3, 7.6-7] watches with history, and stops", async () => {
    const runtime = new MemoryRuntime();
    const owner = await runtime.connect();
    const watcher = await runtime.connect();
    const job = await owner.submit({ agent: "counter", input: { n: 30, delayMs: 2 } });
    const watching = await watcher.subscribe(job.jobId, { history: true });
    expect(ticks(await eventsOf(watching))).toEqual(upTo(30));
    expect(await watching.done).toEqual(await job.done);
    await expect(watcher.cancel(job.jobId)).rejects.toMatchObject({ wireCode: "PERMISSION_DENIED" });
    await expect(watcher.subscribe("job_none")).rejects.toMatchObject({ wireCode: "JOB_NOT_FOUND" });

    const long = await owner.submit({ agent: "slow", input: { ms: 60_000 } });
    const left = await watcher.subscribe(long.jobId);
    watcher.unsubscribe(long.jobId);
    await expect(left.done).rejects.toMatchObject({ code: "connection_closed" });
    const latecomer = await runtime.connect();
    const over = await latecomer.subscribe(job.jobId);
    await expect(over.done).rejects.toMatchObject({ code: "result_incomplete" });
    await Promise.all([owner.close(), watcher.close()]);
    await expect(long.done).rejects.toBeInstanceOf(ArcpPeerError);
  });
});
