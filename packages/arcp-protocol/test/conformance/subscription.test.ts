import { describe, expect, test, vi } from "vitest";
import {
  jobIdOf,
  openSession,
  type Session,
  sharedServer,
  startServer,
  stopServer,
} from "../support/conformance-server.ts";
import type { Frame } from "../support/raw-client.ts";

const running = await sharedServer();
const { url } = running;

async function subscribe(session: Session, payload: Record<string, unknown>): Promise<Frame> {
  const seen = session.client.received.length;
  session.send("job.subscribe", payload);
  await session.client.until(
    () => session.client.received.slice(seen).some(({ type }) => type === "job.subscribed"),
    "job.subscribed",
  );
  return session.client.received.slice(seen).find(({ type }) => type === "job.subscribed") as Frame;
}

const seqs = (session: Session) => session.numbered().map(({ event_seq }) => event_seq);
const ticks = (session: Session, job: string) =>
  session.events(job, "progress").map(({ payload }) => (payload.body as { current: number }).current);
const upTo = (last: number, from = 1) => Array.from({ length: last - from + 1 }, (_, at) => from + at);

describe("subscription", () => {
  test("[7.6-1, 7.6-2, 7.6-10] the descriptor, then what happens from then on", async () => {
    const owner = await openSession(url);
    const watcher = await openSession(url);
    const lease = { "cost.budget": ["USD:1.00"], "tool.call": ["work.do"] };
    const expires_at = new Date(Date.now() + 60_000).toISOString();
    const job = jobIdOf(
      await owner.submit({
        agent: "spender",
        input: { costs: [0.25], unit: "USD" },
        lease_request: lease,
        lease_constraints: { expires_at },
      }),
    );
    await owner.end(job);
    const described = await subscribe(watcher, { job_id: job });
    expect(described.payload).toMatchObject({
      job_id: job,
      current_status: "success",
      agent: "spender@1.0.0",
      lease,
      lease_constraints: { expires_at },
      budget: { USD: 0.75 },
      parent_job_id: null,
      replayed: false,
    });
    expect(described.payload.trace_id).toMatch(/^[0-9a-f]{32}$/);
    expect(described.event_seq).toBeUndefined();

    const live = jobIdOf(await owner.submit({ agent: "counter", input: { n: 20, delayMs: 5 } }));
    await owner.client.until(() => ticks(owner, live).length >= 5, "five ticks");
    const subscribed = await subscribe(watcher, { job_id: live });
    await watcher.end(live);
    const first = ticks(watcher, live)[0] as number;
    expect(first).toBeGreaterThan(5);
    expect(ticks(watcher, live)).toEqual(upTo(20, first));
    expect(subscribed.payload).toMatchObject({ current_status: "running", replayed: false });
    // The owner's number of the last event before the first that was seen.
    const before = owner.events(live, "progress")[first - 2] as Frame;
    expect(subscribed.payload.subscribed_from).toBe(before.event_seq);
  });

  test("[7.6-3, 7.6-4] history and present, each event once, numbered without gap", async () => {
    const owner = await openSession(url);
    const job = jobIdOf(await owner.submit({ agent: "counter", input: { n: 60, delayMs: 3 } }));
    await owner.client.until(() => ticks(owner, job).length >= 10, "ten ticks");
    const watchers = await Promise.all(upTo(5).map(() => openSession(url)));
    for (const watcher of watchers) {
      const subscribed = await subscribe(watcher, { job_id: job, history: true, from_event_seq: 0 });
      expect(subscribed.payload.replayed).toBe(true);
    }
    for (const watcher of watchers) {
      await watcher.end(job);
      expect(ticks(watcher, job)).toEqual(upTo(60));
      expect(seqs(watcher)).toEqual(upTo(61));
    }
  });

  test("[7.6-3] from_event_seq counts in the owner's stream, also when the watcher's is elsewhere", async () => {
    const owner = await openSession(url);
    const other = jobIdOf(await owner.submit({ agent: "counter", input: { n: 7 } }));
    await owner.end(other);
    const job = jobIdOf(await owner.submit({ agent: "counter", input: { n: 10 } }));
    await owner.end(job);
    const watcher = await openSession(url);
    const own = jobIdOf(await watcher.submit({ agent: "echo", input: 1 }));
    await watcher.end(own);
    const third = owner.events(job, "progress")[2] as Frame;
    await subscribe(watcher, { job_id: job, history: true, from_event_seq: third.event_seq });
    await watcher.end(job);
    expect(ticks(watcher, job)).toEqual(upTo(10, 4));
    expect(seqs(watcher)).toEqual(upTo(11));
  });

  test("[7.6-8] an ended job replays to its end", async () => {
    const owner = await openSession(url);
    const job = jobIdOf(await owner.submit({ agent: "echo", input: "past" }));
    await owner.end(job);
    const watcher = await openSession(url);
    await subscribe(watcher, { job_id: job, history: true });
    expect((await watcher.end(job)).payload.result).toEqual({ echo: "past", version: "2.0.0" });
    const order = watcher.client.received.map(({ type }) => type);
    expect(order).toEqual(["session.welcome", "job.subscribed", "job.event", "job.event", "job.result"]);
  });

  test("[7.6-5] to another principal the job does not exist", async () => {
    const owner = await openSession(url);
    const job = jobIdOf(await owner.submit({ agent: "slow", input: { ms: 50 } }));
    const stranger = await openSession(url, { token: "token-bob" });
    const refused = await stranger.refusal(stranger.send("job.subscribe", { job_id: job, history: true }));
    const unknown = await stranger.refusal(stranger.send("job.subscribe", { job_id: "job_none" }));
    expect(refused.payload.code).toBe("JOB_NOT_FOUND");
    expect({ ...refused.payload, message: "", request_id: "", job_id: "" }).toEqual({
      ...unknown.payload,
      message: "",
      request_id: "",
      job_id: "",
    });
    expect((await owner.end(job)).type).toBe("job.result");
  });

  test("[7.6-11, 14-2] a deployment may let others observe, and every decision is audited", async () => {
    const open = await startServer({ observablePrincipals: () => "all" });
    const owner = await openSession(open.url);
    const job = jobIdOf(await owner.submit({ agent: "counter", input: { n: 10, delayMs: 2 } }));
    const auditor = await openSession(open.url, { token: "token-bob" });
    await subscribe(auditor, { job_id: job, history: true });
    await auditor.end(job);
    expect(ticks(auditor, job)).toEqual(upTo(10));
    auditor.send("job.subscribe", { job_id: "job_none" });
    await auditor.client.type("session.error");
    expect(open.audit.filter(({ type }) => type === "subscribe")).toEqual([
      { type: "subscribe", subscriber: "bob", jobId: job, owner: "ada", allowed: true },
      { type: "subscribe", subscriber: "bob", jobId: "job_none", owner: undefined, allowed: false },
    ]);
    await stopServer(open);
  });

  test("[7.6-6, 7.4-3] a subscriber cannot cancel", async () => {
    const owner = await openSession(url);
    const job = jobIdOf(await owner.submit({ agent: "slow", input: { ms: 80 } }));
    const watcher = await openSession(url);
    await subscribe(watcher, { job_id: job });
    const refusal = await watcher.refusal(watcher.send("job.cancel", {}, { job_id: job }));
    expect(refusal.payload.code).toBe("PERMISSION_DENIED");
    expect((await watcher.end(job)).type).toBe("job.result");
  });

  test("[7.6-7] after unsubscribe nothing more arrives, and one may come back", async () => {
    const owner = await openSession(url);
    const job = jobIdOf(await owner.submit({ agent: "counter", input: { n: 60, delayMs: 4 } }));
    const watcher = await openSession(url);
    await subscribe(watcher, { job_id: job });
    await watcher.client.until(() => ticks(watcher, job).length >= 3, "three ticks");
    watcher.send("job.unsubscribe", { job_id: job });
    watcher.send("session.ping", { nonce: "after" });
    await watcher.client.type("session.pong");
    const count = ticks(watcher, job).length;
    await owner.end(job);
    watcher.send("session.ping", { nonce: "later" });
    await watcher.client.waitFor(({ payload }) => payload.ping_nonce === "later");
    expect(ticks(watcher, job)).toHaveLength(count);
    await subscribe(watcher, { job_id: job, history: true });
    await watcher.end(job);
    expect(seqs(watcher)).toEqual(upTo(count + 61));
  });

  test("[7.6-12] subscribing twice does not double, nor does the owner's own subscription", async () => {
    const owner = await openSession(url);
    const job = jobIdOf(await owner.submit({ agent: "counter", input: { n: 20, delayMs: 4 } }));
    const watcher = await openSession(url);
    await subscribe(watcher, { job_id: job });
    await subscribe(watcher, { job_id: job });
    await subscribe(owner, { job_id: job });
    await Promise.all([owner.end(job), watcher.end(job)]);
    expect(ticks(owner, job)).toEqual(upTo(20));
    expect(new Set(ticks(watcher, job)).size).toBe(ticks(watcher, job).length);
    // The owner may ask for the past again: it comes under new numbers.
    await subscribe(owner, { job_id: job, history: true });
    await vi.waitFor(() => expect(ticks(owner, job)).toEqual([...upTo(20), ...upTo(20)]), 10_000);
    expect(seqs(owner)).toEqual(upTo(42));
  });

  test("[7.6-9] the watcher goes on while the owner is away", async () => {
    const owner = await openSession(url);
    const job = jobIdOf(await owner.submit({ agent: "counter", input: { n: 30, delayMs: 3 } }));
    const watcher = await openSession(url);
    await subscribe(watcher, { job_id: job, history: true });
    owner.client.destroy();
    await watcher.end(job);
    expect(ticks(watcher, job)).toEqual(upTo(30));
  });

  test("[7.6-4, 6.3-3] a watcher's own resume continues its subscription", async () => {
    const owner = await openSession(url);
    const job = jobIdOf(await owner.submit({ agent: "counter", input: { n: 50, delayMs: 4 } }));
    const watcher = await openSession(url);
    await subscribe(watcher, { job_id: job, history: true });
    await watcher.client.until(() => ticks(watcher, job).length >= 5, "five ticks");
    watcher.client.destroy();
    const again = await openSession(url, {
      resume: {
        session_id: watcher.sessionId,
        resume_token: watcher.resumeToken,
        last_event_seq: seqs(watcher).at(-1) as number,
      },
    });
    await again.end(job);
    expect([...ticks(watcher, job), ...ticks(again, job)]).toEqual(upTo(50));
  });
});
