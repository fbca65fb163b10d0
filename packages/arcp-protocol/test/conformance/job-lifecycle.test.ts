import { describe, expect, test } from "vitest";
import { jobIdOf, openSession, sharedServer } from "../support/conformance-server.ts";
import { careless, stubborn, talkative, thrower } from "../support/odd-agents.ts";
import type { Frame } from "../support/raw-client.ts";

const running = await sharedServer({
  limits: { cancelGraceMs: 100, result: { maxChunkBytes: 1000, maxResultBytes: 5000 } },
  moreAgents: [stubborn, talkative, thrower, careless],
});
const { url } = running;

const terminal = ({ type }: Frame) => type === "job.result" || type === "job.error";

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
