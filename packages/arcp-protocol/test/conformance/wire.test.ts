import { describe, expect, test } from "vitest";
import {
  hello,
  jobIdOf,
  openSession,
  sharedServer,
  startServer,
  stopServer,
} from "../support/conformance-server.ts";
import { RawClient } from "../support/raw-client.ts";

const { url } = await sharedServer({
  limits: { frame: { maxFrameLength: 64 * 1024, maxDepth: 50 } },
});

describe("transport and wire format", () => {
  test("[4-1, 5-1] a job runs over a plain WebSocket and every message is an envelope", async () => {
    const session = await openSession(url);
    const accepted = await session.submit({ agent: "echo", input: { a: [1, "ü", null] } });
    const end = await session.end(jobIdOf(accepted));
    expect(end.payload.result).toEqual({ echo: { a: [1, "ü", null] }, version: "2.0.0" });
    const ids = new Set<string>();
    for (const frame of session.client.received) {
      expect(frame.arcp).toBe("1.1");
      expect(frame.session_id).toBe(session.sessionId);
      expect(frame.payload).toBeTypeOf("object");
      ids.add(frame.id);
    }
    expect(ids.size).toBe(session.client.received.length);
  });

  test("[5-2, 5-9] unknown fields are ignored at both levels, and null is absence", async () => {
    const session = await openSession(url);
    const accepted = await session.submit(
      { agent: "echo", input: 7, idempotency_key: null, lease_request: null, colour: "red" },
      { job_id: null, event_seq: null, extensions: { "x-vendor.a": 1 }, unheard: { of: true } },
    );
    expect((await session.end(jobIdOf(accepted))).payload.result).toEqual({ echo: 7, version: "2.0.0" });
  });

  test.each([
    ["not JSON", "{nope"],
    ["empty", ""],
    ["a list", "[1,2]"],
    ["a string", '"hello"'],
    ["null", "null"],
    ["no type", '{"arcp":"1.1","id":"bad","payload":{}}'],
    ["no id", '{"arcp":"1.1","type":"session.list_jobs","payload":{}}'],
    ["an empty id", '{"arcp":"1.1","id":"","type":"session.list_jobs","payload":{}}'],
    ["a numeric id", '{"arcp":"1.1","id":7,"type":"session.list_jobs","payload":{}}'],
    ["a payload that is a list", '{"arcp":"1.1","id":"bad","type":"session.list_jobs","payload":[]}'],
    [
      "a fractional event_seq",
      '{"arcp":"1.1","id":"bad","type":"session.ping","event_seq":1.5,"payload":{"nonce":"n"}}',
    ],
    ["no arcp", '{"id":"bad","type":"session.list_jobs","payload":{}}'],
    [
      "a wrong session",
      '{"arcp":"1.1","id":"bad","type":"session.list_jobs","session_id":"sess_other","payload":{}}',
    ],
    ["a ping without nonce", '{"arcp":"1.1","id":"bad","type":"session.ping","payload":{}}'],
    ["a subscription without job", '{"arcp":"1.1","id":"bad","type":"job.subscribe","payload":{}}'],
    [
      "a runtime's message",
      '{"arcp":"1.1","id":"bad","type":"session.jobs","payload":{"request_id":"x","jobs":[]}}',
    ],
    ["prototype keys", '{"__proto__":{"arcp":"1.1"},"id":"bad","type":"constructor","payload":{}}'],
  ])("[5-3] %s is INVALID_REQUEST and the session goes on", async (_, text) => {
    const session = await openSession(url);
    session.client.sendText(text);
    const refusal = await session.client.type("session.error");
    expect(refusal.payload).toMatchObject({ code: "INVALID_REQUEST", retryable: false });
    expect(refusal.payload.message).not.toBe("");
    if (text.includes('"bad"')) expect(refusal.payload.request_id).toBe("bad");
    const accepted = await session.submit({ agent: "echo", input: 1 });
    await session.end(jobIdOf(accepted));
  });

  test("[5-4] another version of the protocol is refused", async () => {
    const session = await openSession(url);
    session.client.sendText('{"arcp":"2.0","id":"v2","type":"session.ping","payload":{"nonce":"n"}}');
    const refusal = await session.refusal("v2");
    expect(refusal.payload.code).toBe("INVALID_REQUEST");
    expect(refusal.payload.message).toContain("1.1");
  });

  test("[5-5] binary frames are refused and the session goes on", async () => {
    const session = await openSession(url);
    session.client.sendBinary(
      Buffer.from('{"arcp":"1.1","id":"b","type":"session.ping","payload":{"nonce":"n"}}'),
    );
    expect((await session.client.type("session.error")).payload.code).toBe("INVALID_REQUEST");
    session.send("session.ping", { nonce: "after" });
    expect((await session.client.type("session.pong")).payload.ping_nonce).toBe("after");
  });

  test("[5-6] a huge frame is refused and other jobs of the session end well", async () => {
    const session = await openSession(url);
    const accepted = await session.submit({ agent: "slow", input: { ms: 100 } });
    session.send("job.submit", { agent: "echo", input: "x".repeat(100_000) });
    const refusal = await session.client.type("session.error");
    expect(refusal.payload.code).toBe("INVALID_REQUEST");
    expect((await session.end(jobIdOf(accepted))).type).toBe("job.result");
  });

  test("[5-6] a frame that no one should buffer ends the connection, not the session", async () => {
    const session = await openSession(url);
    const accepted = await session.submit({ agent: "slow", input: { ms: 50 } });
    session.client.sendText(`"${"x".repeat(17 * 1024 * 1024)}"`);
    await session.client.untilEnded();
    const again = await openSession(url, {
      resume: { session_id: session.sessionId, resume_token: session.resumeToken, last_event_seq: 0 },
    });
    expect((await again.end(jobIdOf(accepted))).type).toBe("job.result");
  });

  test("[5-7] a deep frame is refused and the session goes on", async () => {
    const session = await openSession(url);
    session.client.sendText(
      `{"arcp":"1.1","id":"deep","type":"job.submit","payload":{"agent":"echo","input":${"[".repeat(5000)}${"]".repeat(5000)}}}`,
    );
    expect((await session.client.type("session.error")).payload.code).toBe("INVALID_REQUEST");
    const brackets = await session.submit({ agent: "echo", input: "[".repeat(500) });
    expect((await session.end(jobIdOf(brackets))).type).toBe("job.result");
  });

  test("[5-8, 12-4] unknown types are refused by name of the request, vendor types ignored", async () => {
    const session = await openSession(url);
    session.send("x-vendor.acme.hello", { any: 1 });
    const id = session.send("job.pause", {}, { trace_id: "ab".repeat(16), job_id: "job_x" });
    const refusal = await session.refusal(id);
    expect(refusal.payload).toMatchObject({ code: "INVALID_REQUEST", job_id: "job_x" });
    expect(refusal.trace_id).toBe("ab".repeat(16));
    expect(session.client.received.filter(({ type }) => type === "session.error")).toHaveLength(1);
  });
});

describe("hello", () => {
  test("[6.1-1, 6.2-1] a good token is welcomed with all that a client needs", async () => {
    const { welcome } = await openSession(url);
    expect(welcome.session_id).toBeTypeOf("string");
    expect(welcome.event_seq).toBeUndefined();
    expect(welcome.payload.resume_token).toBeTypeOf("string");
    expect(welcome.payload.resume_window_sec).toBeGreaterThanOrEqual(60);
    expect(welcome.payload.heartbeat_interval_sec).toBeGreaterThan(0);
    expect(welcome.payload.runtime).toMatchObject({ name: expect.any(String), version: expect.any(String) });
    expect((welcome.payload.capabilities as { encodings: string[] }).encodings).toContain("json");
  });

  test("[6.2-2] the inventory lists agents, versions and defaults", async () => {
    const { welcome } = await openSession(url);
    const { agents } = welcome.payload.capabilities as { agents: unknown[] };
    expect(agents).toContainEqual({ name: "echo", versions: ["1.0.0", "2.0.0"], default: "2.0.0" });
  });

  test("[6.1-2] a wrong token is UNAUTHENTICATED and the connection ends", async () => {
    const client = await hello(url, { token: "token-eve" });
    const refusal = await client.type("session.error");
    expect(refusal.payload).toMatchObject({ code: "UNAUTHENTICATED", retryable: false, request_id: "raw-1" });
    expect(refusal.session_id).toBeTypeOf("string");
    await client.untilEnded();
    expect(client.received.some(({ type }) => type === "session.welcome")).toBe(false);
  });

  test.each([
    ["no auth", undefined],
    ["no token", { scheme: "bearer" }],
    ["an empty token", { scheme: "bearer", token: "" }],
    ["another scheme", { scheme: "basic", token: "token-ada" }],
  ])("[6.1-3] %s is UNAUTHENTICATED", async (_, auth) => {
    const client = await RawClient.open(url);
    client.send("session.hello", { client: { name: "raw", version: "0" }, auth, capabilities: {} });
    expect((await client.type("session.error")).payload.code).toBe("UNAUTHENTICATED");
  });

  test("[6.1-4] nothing has an effect before hello, and hello still works afterwards", async () => {
    const client = await RawClient.open(url);
    const id = client.send("job.submit", { agent: "echo", input: "early" });
    const refusal = await client.type("session.error");
    expect(refusal.payload).toMatchObject({ code: "UNAUTHENTICATED", request_id: id });
    client.send("session.hello", {
      client: { name: "raw", version: "0" },
      auth: { scheme: "bearer", token: "token-ada" },
      capabilities: { features: ["list_jobs"] },
    });
    await client.type("session.welcome");
    expect(client.received.some(({ type }) => type === "job.accepted")).toBe(false);
  });

  test("[6.1-4] frames that are pipelined behind hello are answered after the welcome", async () => {
    const client = await hello(url);
    const id = client.send("session.ping", { nonce: "early" });
    expect(id).toBe("raw-2");
    expect((await client.type("session.pong")).payload.ping_nonce).toBe("early");
    expect(client.received[0]?.type).toBe("session.welcome");
  });

  test("[6.2-6] unknown feature flags are ignored", async () => {
    const session = await openSession(url, { features: ["telepathy", "list_jobs", ""] });
    session.send("session.list_jobs", {});
    expect((await session.client.type("session.jobs")).payload.jobs).toBeInstanceOf(Array);
  });

  test("[6.2-7] a second hello is refused and the session goes on", async () => {
    const session = await openSession(url);
    const id = session.send("session.hello", {
      client: { name: "raw", version: "0" },
      auth: { scheme: "bearer", token: "token-bob" },
      capabilities: {},
    });
    expect((await session.refusal(id)).payload.code).toBe("INVALID_REQUEST");
    await session.submit({ agent: "echo", input: 1 });
  });

  test("[6.2-8] an encoding other than json is refused", async () => {
    const client = await RawClient.open(url);
    client.send("session.hello", {
      client: { name: "raw", version: "0" },
      auth: { scheme: "bearer", token: "token-ada" },
      capabilities: { encodings: ["cbor"] },
    });
    expect((await client.type("session.error")).payload.code).toBe("INVALID_REQUEST");
  });

  test.each([
    ["session.list_jobs", {}, "list_jobs"],
    ["session.ack", { last_processed_seq: 0 }, "ack"],
    ["job.subscribe", { job_id: "job_x" }, "subscribe"],
    ["job.unsubscribe", { job_id: "job_x" }, "subscribe"],
  ])("[6.2-3] %s is refused without its feature", async (type, payload, feature) => {
    const session = await openSession(url, { features: [] });
    const refusal = await session.refusal(session.send(type, payload));
    expect(refusal.payload).toMatchObject({ code: "INVALID_REQUEST", details: { feature } });
  });

  test.each([
    ["agent_versions", { agent: "echo@1.0.0" }],
    ["lease_expires_at", { agent: "echo", lease_constraints: { expires_at: "2999-01-01T00:00:00Z" } }],
    ["cost.budget", { agent: "echo", lease_request: { "cost.budget": ["USD:1"] } }],
    ["model.use", { agent: "echo", lease_request: { "model.use": ["*"] } }],
  ])("[6.2-3] a submission that uses %s is refused without it", async (feature, payload) => {
    const session = await openSession(url, { features: [] });
    const refusal = await session.submitRefused({ input: 1, ...payload });
    expect(refusal.payload).toMatchObject({ code: "INVALID_REQUEST", details: { feature } });
  });

  test("[6.2-4] without progress none is sent and the numbers have no gap", async () => {
    const session = await openSession(url, { features: [] });
    const accepted = await session.submit({ agent: "counter", input: { n: 5 } });
    const end = await session.end(jobIdOf(accepted));
    expect(end.event_seq).toBe(1);
    expect(session.events(jobIdOf(accepted))).toEqual([]);
  });

  test("[6.2-5] without result_chunk a streamed result is inline", async () => {
    const session = await openSession(url, { features: [] });
    const text = await session.submit({ agent: "chunker", input: { chunks: 3, size: 2 } });
    const end = await session.end(jobIdOf(text));
    expect(end.payload).toMatchObject({ final_status: "success", result: "aabbcc" });
    expect(end.payload.result_id).toBeUndefined();
    const bytes = await session.submit({
      agent: "chunker",
      input: { chunks: 2, size: 2, encoding: "base64" },
    });
    const result = (await session.end(jobIdOf(bytes))).payload.result as string;
    expect([...Buffer.from(result, "base64")]).toEqual([0, 0, 1, 1]);
  });
});

test("a connection ends with the token that opened it, and its session does not", async () => {
  let expiresAt: number | undefined = Date.now() + 300;
  const running = await startServer({
    authenticate: () => (expiresAt === undefined ? { id: "ada" } : { id: "ada", expiresAt }),
  });
  const session = await openSession(running.url);
  expect((await session.client.type("session.error")).payload.code).toBe("UNAUTHENTICATED");
  expiresAt = undefined;
  const resumed = await openSession(running.url, {
    resume: { session_id: session.sessionId, resume_token: session.resumeToken, last_event_seq: 0 },
  });
  expect(resumed.sessionId).toBe(session.sessionId);
  await stopServer(running);
});

test("a connection ends when its token is revoked, and what watched the token is let go with each", async () => {
  let revoked = new AbortController();
  let watched = 0;
  const running = await startServer({
    authenticate: () => ({
      id: "ada",
      watch: () => {
        watched += 1;
        return { signal: revoked.signal, release: () => (watched -= 1) };
      },
    }),
  });
  const session = await openSession(running.url);
  expect(watched).toBe(1);
  const before = revoked;
  revoked = new AbortController();
  before.abort();
  expect((await session.client.type("session.error")).payload.code).toBe("UNAUTHENTICATED");
  const resumed = await openSession(running.url, {
    resume: { session_id: session.sessionId, resume_token: session.resumeToken, last_event_seq: 0 },
  });
  expect(resumed.sessionId).toBe(session.sessionId);
  await expect.poll(() => watched, { timeout: 10_000 }).toBe(1);
  await stopServer(running);
  await expect.poll(() => watched, { timeout: 10_000 }).toBe(0);
});
