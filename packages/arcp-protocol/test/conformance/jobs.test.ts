import { describe, expect, test, vi } from "vitest";
import { jobIdOf, openSession, sharedServer } from "../support/conformance-server.ts";
import { careless, stubborn, talkative, thrower } from "../support/odd-agents.ts";
import type { Frame } from "../support/raw-client.ts";

const running = await sharedServer({
  limits: { cancelGraceMs: 100, result: { maxChunkBytes: 1000, maxResultBytes: 5000 } },
  moreAgents: [stubborn, talkative, thrower, careless],
});
const { url } = running;

const terminal = ({ type }: Frame) => type === "job.result" || type === "job.error";

describe("submission", () => {
  test("[7.1-1, 7.5-1, 7.5-4, 8-1] acceptance echoes the lease and comes before the first event", async () => {
    const session = await openSession(url);
    const lease = { "tool.call": ["a.*"], "fs.read": ["/w/**"] };
    const expires_at = new Date(Date.now() + 60_000).toISOString().replace(/\.\d+Z$/, "Z");
    const accepted = await session.submit({
      agent: "echo",
      input: 1,
      lease_request: lease,
      lease_constraints: { expires_at },
    });
    const job = jobIdOf(accepted);
    await session.end(job);
    expect(accepted.payload).toMatchObject({ agent: "echo@2.0.0", lease, lease_constraints: { expires_at } });
    expect(Date.parse(accepted.payload.accepted_at as string)).toBeGreaterThan(Date.now() - 10_000);
    expect(accepted.event_seq).toBeUndefined();
    const order = session.client.received.filter(({ job_id }) => job_id === job).map(({ type }) => type);
    expect(order).toEqual(["job.accepted", "job.event", "job.event", "job.result"]);
    expect(session.events(job).map(({ payload }) => payload.kind)).toEqual(["status", "log"]);
    for (const event of session.events(job)) {
      expect(event.payload).toMatchObject({ ts: expect.stringMatching(/Z$/), body: expect.any(Object) });
    }
  });

  test.each([
    ["no agent", { input: 1 }],
    ["an agent that is no name", { agent: 7 }],
    ["a lease that is a list", { agent: "echo", lease_request: ["tool.call"] }],
    ["patterns that are no strings", { agent: "echo", lease_request: { "tool.call": [1] } }],
    ["a runtime of zero", { agent: "echo", max_runtime_sec: 0 }],
    ["a runtime that is text", { agent: "echo", max_runtime_sec: "10" }],
    ["an empty key", { agent: "echo", idempotency_key: "" }],
    ["an unknown namespace", { agent: "echo", lease_request: { "fs.delete": ["/"] } }],
  ])("[7.1-3, 7.1-5, 12-4] %s is refused on a job id of its own", async (_, payload) => {
    const session = await openSession(url);
    const other = jobIdOf(await session.submit({ agent: "slow", input: { ms: 60 } }));
    const refusal = await session.submitRefused(payload, { id: "the-request", trace_id: "cd".repeat(16) });
    expect(refusal.payload).toMatchObject({
      final_status: "error",
      code: "INVALID_REQUEST",
      retryable: false,
      request_id: "the-request",
    });
    expect(refusal.trace_id).toBe("cd".repeat(16));
    expect(refusal.job_id).not.toBe(other);
    expect(refusal.event_seq).toBeGreaterThan(0);
    expect((await session.end(other)).type).toBe("job.result");
    expect(session.client.received.some(({ type }) => type === "session.error")).toBe(false);
  });

  test("[7.1-4] a refusal does not touch jobs that run", async () => {
    const session = await openSession(url);
    const jobs = await Promise.all([1, 2, 3].map(() => session.submit({ agent: "slow", input: { ms: 50 } })));
    await session.submitRefused({ agent: "nobody" });
    for (const job of jobs) expect((await session.end(jobIdOf(job))).type).toBe("job.result");
  });

  test("[7.1-6, 8.3-1] a hundred jobs at once: every number once, in order, none missing", async () => {
    const session = await openSession(url);
    const jobs = await Promise.all(
      Array.from({ length: 100 }, () => session.submit({ agent: "counter", input: { n: 10, delayMs: 1 } })),
    );
    for (const job of jobs) await session.end(jobIdOf(job));
    const numbers = session.numbered().map(({ event_seq }) => event_seq);
    expect(numbers).toEqual(Array.from({ length: 1100 }, (_, at) => at + 1));
    for (const job of jobs) {
      const ticks = session
        .events(jobIdOf(job), "progress")
        .map(({ payload }) => (payload.body as { current: number }).current);
      expect(ticks).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }
  });
});

describe("idempotency", () => {
  test("[7.2-1] the same key gives the same payload while it runs and after it ended", async () => {
    const session = await openSession(url);
    const payload = {
      agent: "slow",
      input: { ms: 30 },
      idempotency_key: "k-same",
      lease_request: { "cost.budget": ["USD:1.50"] },
    };
    const first = await session.submit(payload);
    const second = await session.submit(payload);
    await session.end(jobIdOf(first));
    // The same parameters in another order of keys are the same parameters.
    const third = await session.submit({
      lease_request: { "cost.budget": ["USD:1.50"] },
      idempotency_key: "k-same",
      input: { ms: 30 },
      agent: "slow",
      max_runtime_sec: null,
    });
    expect(second.payload).toEqual(first.payload);
    expect(third.payload).toEqual(first.payload);
    expect(
      session.client.received.filter((frame) => frame.job_id === jobIdOf(first) && terminal(frame)),
    ).toHaveLength(1);
  });

  test("[7.2-2] other parameters under the key are DUPLICATE_KEY, and the first job goes on", async () => {
    const session = await openSession(url);
    const first = await session.submit({ agent: "slow", input: { ms: 40 }, idempotency_key: "k-conflict" });
    const refusal = await session.submitRefused({
      agent: "slow",
      input: { ms: 41 },
      idempotency_key: "k-conflict",
    });
    expect(refusal.payload).toMatchObject({ code: "DUPLICATE_KEY", retryable: false });
    expect(refusal.job_id).not.toBe(jobIdOf(first));
    expect((await session.end(jobIdOf(first))).type).toBe("job.result");
  });

  test("[7.2-3] twenty submissions that race under one key start one job", async () => {
    const sessions = await Promise.all([1, 2, 3, 4].map(() => openSession(url)));
    const payload = { agent: "echo", input: "race", idempotency_key: "k-race" };
    const accepted = await Promise.all(
      Array.from({ length: 20 }, (_, at) => (sessions[at % 4] as (typeof sessions)[0]).submit(payload)),
    );
    expect(new Set(accepted.map(jobIdOf)).size).toBe(1);
    expect(new Set(accepted.map((frame) => JSON.stringify(frame.payload))).size).toBe(1);
  });

  test("[7.2-4] another principal's key is another key", async () => {
    const ada = await openSession(url);
    const bob = await openSession(url, { token: "token-bob" });
    const first = await ada.submit({ agent: "echo", input: "ada", idempotency_key: "k-mine" });
    const second = await bob.submit({ agent: "echo", input: "bob", idempotency_key: "k-mine" });
    expect(jobIdOf(second)).not.toBe(jobIdOf(first));
  });

  test("[7.2-5] a repetition from another session sees the whole job", async () => {
    const first = await openSession(url);
    const payload = { agent: "counter", input: { n: 8, delayMs: 2 }, idempotency_key: "k-elsewhere" };
    const job = jobIdOf(await first.submit(payload));
    await first.client.until(() => first.events(job).length >= 3, "three events");
    const second = await openSession(url);
    expect(jobIdOf(await second.submit(payload))).toBe(job);
    await second.end(job);
    expect(second.events(job)).toHaveLength(8);
    expect(second.numbered().map(({ event_seq }) => event_seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("[7.2-1] a refused submission does not use its key up", async () => {
    const session = await openSession(url);
    await session.submitRefused({ agent: "nobody", idempotency_key: "k-again" });
    await session.submit({ agent: "echo", idempotency_key: "k-again" });
  });
});

describe("agent versions", () => {
  test("[7.5-1, 7.5-2, 7.5-4] a pinned version runs, a bare name takes the default", async () => {
    const session = await openSession(url);
    for (const [agent, version] of [
      ["echo@1.0.0", "1.0.0"],
      ["echo", "2.0.0"],
    ] as const) {
      const accepted = await session.submit({ agent, input: 1 });
      expect(accepted.payload.agent).toBe(`echo@${version}`);
      expect((await session.end(jobIdOf(accepted))).payload.result).toEqual({ echo: 1, version });
    }
  });

  test.each([
    ["7.5-2", "echo@3.0.0", "AGENT_VERSION_NOT_AVAILABLE"],
    ["7.5-3", "nobody", "AGENT_NOT_AVAILABLE"],
    ["7.5-3", "nobody@1.0.0", "AGENT_NOT_AVAILABLE"],
    ["7.5-3", "constructor", "AGENT_NOT_AVAILABLE"],
    ["7.5-5", "Echo", "INVALID_REQUEST"],
    ["7.5-5", "echo@", "INVALID_REQUEST"],
    ["7.5-5", "@1.0.0", "INVALID_REQUEST"],
    ["7.5-5", "echo@1@2", "INVALID_REQUEST"],
    ["7.5-5", " echo", "INVALID_REQUEST"],
  ])("[7.5-2, 7.5-3, 7.5-5] %s: %s is %s", async (_, agent, code) => {
    const session = await openSession(url);
    expect((await session.submitRefused({ agent, input: 1 })).payload).toMatchObject({
      code,
      retryable: false,
    });
  });
});

describe("traces", () => {
  test("[11-1] the submission's trace is on all of its job; without one a fresh one is made", async () => {
    const session = await openSession(url);
    const trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    const accepted = await session.submit({ agent: "echo", input: 1 }, { trace_id });
    await session.end(jobIdOf(accepted));
    expect(accepted.payload.trace_id).toBe(trace_id);
    for (const frame of session.client.received.filter(({ job_id }) => job_id === jobIdOf(accepted))) {
      expect(frame.trace_id).toBe(trace_id);
    }
    session.send("job.submit", { agent: "echo", input: 2 }, { trace_id: undefined, id: "no-trace" });
    const other = await session.client.waitFor(
      (frame) => frame.type === "job.accepted" && frame.job_id !== jobIdOf(accepted),
    );
    expect(other.trace_id).toMatch(/^[0-9a-f]{32}$/);
  });

  test("[7.3-1] the registry forgets what has ended", async () => {
    await vi.waitFor(() => {
      running.server.registry.sweepTerminals();
      expect(running.server.registry.len).toBe(0);
    }, 3000);
  });
});
