import { describe, expect, test, vi } from "vitest";
import { ArcpError, type ArcpUsageError } from "../../src/errors.ts";
import type { AgentDefinition } from "../../src/server/agent.ts";
import { jobIdOf, openSession, sharedServer } from "../support/conformance-server.ts";
import type { Frame } from "../support/raw-client.ts";

const stubborn: AgentDefinition = {
  name: "stubborn",
  versions: { "1.0.0": () => new Promise(() => undefined) },
};
const talkative: AgentDefinition = {
  name: "talkative",
  versions: {
    "1.0.0": async (_, context) => {
      await context.emit("x-vendor.acme.ping", { any: ["thing"] });
      await context.thought("hm");
      await context.artifact({ uri: "file:///a", content_type: "text/plain", byte_size: 1 });
      await context.metric({ name: "latency", value: 1.5, unit: "ms", dimensions: { a: "b" } });
      const refused: string[] = [];
      for (const [kind, body] of [
        ["progress", { current: -1 }],
        ["log", { level: "info" }],
        ["tool_result", { call_id: "c", result: 1, error: { code: "X", message: "m", retryable: false } }],
        ["nonsense", {}],
        ["metric", { name: "m", value: Number.NaN }],
      ] as const) {
        await context.emit(kind, body).catch((error: ArcpError) => refused.push(error.wireCode));
      }
      return { refused };
    },
  },
};
/** Waits for nothing that it starts. */
const careless: AgentDefinition = {
  name: "careless",
  versions: {
    "1.0.0": (_, context) => {
      setTimeout(() => {
        void context.log("info", "late");
        void context.tool("t", {}, () => 1);
        void context.delegate({ agent: "echo" });
        void context.emit("delegate", {});
        void context.rotateCredential("none");
        void context.emit("nonsense", {});
      }, 5);
      void context.sleep(60_000);
      void context.streamResult().write("x".repeat(2000));
      throw new ArcpError("INVALID_REQUEST", "gone already");
    },
  },
};
const thrower: AgentDefinition = {
  name: "thrower",
  versions: {
    "1.0.0": async (input, context) => {
      const how = input as string;
      if (how === "circular") {
        const result: Record<string, unknown> = {};
        result.self = result;
        return result;
      }
      if (how === "string") throw "just text";
      if (how === "mixed") {
        await context.streamResult().write("part");
        return "inline";
      }
      if (how === "late") {
        setTimeout(() => void context.log("info", "too late"), 5);
        return "done";
      }
      if (how === "states") {
        context.setState("blocked");
        context.setState("running");
        try {
          context.setState("accepted" as never);
        } catch (error) {
          return (error as ArcpUsageError).code;
        }
      }
      throw new ArcpError("PERMISSION_DENIED", "not this");
    },
  },
};

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

describe("lifecycle", () => {
  test("[7.3-1] success, error, cancelled and timed_out, each once", async () => {
    const session = await openSession(url);
    const success = jobIdOf(await session.submit({ agent: "echo", input: 1 }));
    const error = jobIdOf(await session.submit({ agent: "failer", input: { message: "broken" } }));
    const late = jobIdOf(await session.submit({ agent: "thrower", input: "late" }));
    expect((await session.end(success)).payload.final_status).toBe("success");
    expect((await session.end(error)).payload).toEqual({
      final_status: "error",
      code: "INTERNAL_ERROR",
      message: "broken",
      retryable: true,
    });
    await session.end(late);
    await session.submit({ agent: "slow", input: { ms: 30 } }).then((frame) => session.end(jobIdOf(frame)));
    for (const job of [success, error, late]) {
      const frames = session.client.received.filter(({ job_id }) => job_id === job);
      expect(frames.filter(terminal)).toHaveLength(1);
      expect(terminal(frames.at(-1) as Frame)).toBe(true);
    }
  });

  test.each([
    ["circular", "INTERNAL_ERROR", true],
    ["string", "INTERNAL_ERROR", true],
    ["other", "PERMISSION_DENIED", false],
    ["mixed", "INTERNAL_ERROR", true],
  ])("[12-1, 12-2, 12-3, 8.4-5] an agent that fails by %s ends with %s", async (how, code, retryable) => {
    const session = await openSession(url);
    const end = await session.end(jobIdOf(await session.submit({ agent: "thrower", input: how })));
    expect(end.payload).toMatchObject({
      final_status: "error",
      code,
      retryable,
      message: expect.any(String),
    });
  });

  test("[7.3-1, 14-4] an agent that waits for nothing harms nobody", async () => {
    const session = await openSession(url);
    const end = await session.end(jobIdOf(await session.submit({ agent: "careless" })));
    expect(end.payload).toMatchObject({ code: "INVALID_REQUEST", message: "gone already" });
    // Longer than its stragglers take; an unhandled rejection would fail the run.
    await session.end(jobIdOf(await session.submit({ agent: "slow", input: { ms: 50 } })));
  });

  test("[7.3-3] max_runtime_sec ends a job with TIMEOUT and timed_out", async () => {
    const session = await openSession(url);
    const job = jobIdOf(
      await session.submit({ agent: "slow", input: { ms: 60_000 }, max_runtime_sec: 0.05 }),
    );
    expect((await session.end(job)).payload).toMatchObject({
      final_status: "timed_out",
      code: "TIMEOUT",
      retryable: true,
    });
    const deaf = jobIdOf(await session.submit({ agent: "stubborn", max_runtime_sec: 0.05 }));
    expect((await session.end(deaf)).payload).toMatchObject({ final_status: "timed_out", code: "TIMEOUT" });
  });

  test("[7.3-4] an agent moves its job along the table only", async () => {
    const session = await openSession(url);
    const job = jobIdOf(await session.submit({ agent: "thrower", input: "states" }));
    expect((await session.end(job)).payload.result).toBe("illegal_transition");
  });
});

describe("cancellation", () => {
  test("[7.4-1] acknowledged, then ended, then silent", async () => {
    const session = await openSession(url);
    const job = jobIdOf(await session.submit({ agent: "counter", input: { n: 1000, delayMs: 5 } }));
    await session.client.until(() => session.events(job).length >= 2, "two events");
    session.send("job.cancel", { reason: "changed my mind" }, { job_id: job });
    session.send("job.cancel", {}, { job_id: job });
    const end = await session.end(job);
    expect(end.payload).toMatchObject({ final_status: "cancelled", code: "CANCELLED", retryable: false });
    expect(end.payload.message).toContain("changed my mind");
    const types = session.client.received.filter(({ job_id }) => job_id === job).map(({ type }) => type);
    expect(types.indexOf("job.cancelled")).toBeLessThan(types.indexOf("job.error"));
    const count = session.client.received.length;
    session.send("session.ping", { nonce: "n" });
    await session.client.type("session.pong");
    expect(session.client.received.length).toBeLessThanOrEqual(count + 2);
    const ack = session.client.received.find(({ type }) => type === "job.cancelled") as Frame;
    expect(ack.event_seq).toBeUndefined();
    expect(ack.payload).toMatchObject({ job_id: job, reason: "changed my mind" });
  });

  test("[7.4-2] an agent that does not listen is ended after the grace", async () => {
    const session = await openSession(url);
    const job = jobIdOf(await session.submit({ agent: "stubborn" }));
    session.send("job.cancel", {}, { job_id: job });
    expect((await session.end(job, 2000)).payload.final_status).toBe("cancelled");
  });

  test("[7.4-3, 7.4-4] others are refused by name, and the job does not notice", async () => {
    const owner = await openSession(url);
    const job = jobIdOf(await owner.submit({ agent: "slow", input: { ms: 100 } }));
    const sibling = await openSession(url);
    const stranger = await openSession(url, { token: "token-bob" });
    const denied = await sibling.refusal(sibling.send("job.cancel", {}, { job_id: job }));
    expect(denied.payload).toMatchObject({ code: "PERMISSION_DENIED", job_id: job });
    const unseen = await stranger.refusal(stranger.send("job.cancel", {}, { job_id: job }));
    expect(unseen.payload.code).toBe("JOB_NOT_FOUND");
    const unknown = await owner.refusal(owner.send("job.cancel", {}, { job_id: "job_unknown" }));
    expect(unknown.payload.code).toBe("JOB_NOT_FOUND");
    const nameless = await owner.refusal(owner.send("job.cancel", {}));
    expect(nameless.payload.code).toBe("INVALID_REQUEST");
    expect((await owner.end(job)).type).toBe("job.result");
    const ended = await owner.refusal(owner.send("job.cancel", {}, { job_id: job }));
    expect(ended.payload).toMatchObject({ code: "INVALID_REQUEST", job_id: job });
    expect(owner.client.received.filter((frame) => frame.job_id === job && terminal(frame))).toHaveLength(1);
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

describe("events and results", () => {
  test("[8-2, 8-3, 8-4] bodies are checked, vendor kinds pass", async () => {
    const session = await openSession(url);
    const job = jobIdOf(await session.submit({ agent: "talkative" }));
    const end = await session.end(job);
    expect(end.payload.result).toEqual({ refused: Array(5).fill("INVALID_REQUEST") });
    expect(session.events(job).map(({ payload }) => payload.kind)).toEqual([
      "x-vendor.acme.ping",
      "thought",
      "artifact_ref",
      "metric",
    ]);
    expect(session.events(job)[0]?.payload.body).toEqual({ any: ["thing"] });
  });

  test("[8.4-1, 8.4-2] text chunks in order, the last without more, the result by reference", async () => {
    const session = await openSession(url);
    const job = jobIdOf(await session.submit({ agent: "chunker", input: { chunks: 4, size: 3 } }));
    const end = await session.end(job);
    const chunks = session
      .events(job, "result_chunk")
      .map(({ payload }) => payload.body as Record<string, unknown>);
    expect(chunks.map(({ chunk_seq, data, more, encoding }) => [chunk_seq, data, more, encoding])).toEqual([
      [0, "aaa", true, "utf8"],
      [1, "bbb", true, "utf8"],
      [2, "ccc", true, "utf8"],
      [3, "ddd", false, "utf8"],
    ]);
    expect(end.payload).toEqual({
      final_status: "success",
      result_id: chunks[0]?.result_id,
      result_size: 12,
    });
    expect(new Set(chunks.map(({ result_id }) => result_id)).size).toBe(1);
  });

  test("[8.4-3] bytes travel as base64", async () => {
    const session = await openSession(url);
    const job = jobIdOf(
      await session.submit({ agent: "chunker", input: { chunks: 3, size: 5, encoding: "base64" } }),
    );
    expect((await session.end(job)).payload.result_size).toBe(15);
    const bytes = session
      .events(job, "result_chunk")
      .flatMap(({ payload }) => [...Buffer.from((payload.body as { data: string }).data, "base64")]);
    expect(bytes).toEqual([...Array(5).fill(0), ...Array(5).fill(1), ...Array(5).fill(2)]);
  });

  test("[8.4-1] one chunk, and none at all", async () => {
    const session = await openSession(url);
    for (const chunks of [1, 0]) {
      const job = jobIdOf(await session.submit({ agent: "chunker", input: { chunks, size: 2 } }));
      expect((await session.end(job)).payload.result_size).toBe(2 * chunks);
      expect(
        session.events(job, "result_chunk").map(({ payload }) => (payload.body as { more: boolean }).more),
      ).toEqual([false]);
    }
  });

  test.each([
    ["a chunk", { chunks: 1, size: 1001 }],
    ["a chunk of bytes", { chunks: 1, size: 1001, encoding: "base64" }],
    ["the whole", { chunks: 6, size: 1000 }],
  ])("[8.4-4] %s beyond its cap is INTERNAL_ERROR", async (_, input) => {
    const session = await openSession(url);
    const end = await session.end(jobIdOf(await session.submit({ agent: "chunker", input })));
    expect(end.payload).toMatchObject({ final_status: "error", code: "INTERNAL_ERROR", retryable: true });
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
