import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ArcpServer, ArcpServers } from "./arcp-servers.ts";
import { FEATURES, type Frame, RawClient } from "./raw-client.ts";
import { seqs, upTo } from "./stream.ts";

const servers = new ArcpServers();
let server: ArcpServer;
let alice: RawClient;
beforeAll(async () => {
  server = await servers.start(await servers.folder());
  alice = await RawClient.hello(server.ws);
}, 60_000);
afterAll(async () => {
  alice?.close();
  await servers.clean();
}, 30_000);

/** Everything that a job told, and its end. */
async function run(payload: Record<string, unknown>, client = alice) {
  const accepted = await client.submit(payload);
  const job = accepted.payload.job_id as string;
  const end = await client.end(job);
  const told = client.frames.filter(({ job_id, type }) => job_id === job && type === "job.event");
  const bodies = (kind: string) =>
    told.filter((frame) => frame.payload.kind === kind).map((frame) => frame.payload.body);
  return { accepted, job, end, bodies, told };
}

const tools = (body: { call_id: string; error?: { code: string } }) => [
  body.call_id,
  body.error?.code ?? "ok",
];
const work = { "tool.call": ["work.*"] };

describe("the conformance agents, over a real socket and a real database", { timeout: 60_000 }, () => {
  it("the welcome names every feature of 1.1, the agents and their versions, and a long window", () => {
    const { payload } = alice.welcome;
    expect(new Set(payload.capabilities.features)).toEqual(new Set(FEATURES));
    expect(payload.resume_window_sec).toBeGreaterThanOrEqual(60);
    expect(payload.capabilities.agents).toEqual(
      expect.arrayContaining([
        { name: "echo", versions: ["1.0.0", "2.0.0"], default: "2.0.0" },
        ...["slow", "counter", "chunker", "toolcaller", "spender", "failer", "delegator"].map((name) => ({
          name,
          versions: ["1.0.0"],
          default: "1.0.0",
        })),
      ]),
    );
  });

  it.each([
    ["echo", "2.0.0"],
    ["echo@1.0.0", "1.0.0"],
  ])("%s", async (agent, version) => {
    // Text that a database has no place for comes back as it went in.
    const input = { a: [1, null, "ünïcödé 🐢 \u0000 \ud800"], "": -0.5 };
    const { end, bodies } = await run({ agent, input });
    expect(bodies("status")).toContainEqual({ phase: "echoing" });
    expect(bodies("log")).toContainEqual({ level: "info", message: "echo" });
    expect(end.payload).toMatchObject({ final_status: "success", result: { echo: input, version } });
  });

  it("slow, and it stops within a second when it is cancelled", async () => {
    expect((await run({ agent: "slow", input: { ms: 20 } })).end.payload.result).toEqual({ waited: 20 });
    const { payload } = await alice.submit({ agent: "slow", input: { ms: 60_000 } });
    await alice.find(({ job_id, payload: { kind } }) => job_id === payload.job_id && kind === "status");
    alice.send("job.cancel", {}, { job_id: payload.job_id });
    const end = await alice.end(payload.job_id);
    expect(end.payload).toMatchObject({ final_status: "cancelled", code: "CANCELLED", retryable: false });
    const order = alice.frames.filter(({ job_id }) => job_id === payload.job_id).map(({ type }) => type);
    expect(order.indexOf("job.cancelled")).toBeLessThan(order.indexOf("job.error"));
    const timed = await run({ agent: "slow", input: { ms: 60_000 }, max_runtime_sec: 1 });
    expect(timed.end.payload).toMatchObject({ final_status: "timed_out", code: "TIMEOUT" });
  });

  it("counter, by progress and by log", async () => {
    const { end, bodies } = await run({ agent: "counter", input: { n: 3, delayMs: 1, startMs: 1 } });
    expect(bodies("progress")).toEqual([1, 2, 3].map((current) => ({ current, total: 3, units: "ticks" })));
    expect(end.payload.result).toEqual({ count: 3 });
    const logs = await run({ agent: "counter", input: { n: 2, kind: "log" } });
    expect(logs.bodies("log")).toEqual([1, 2].map((n) => ({ level: "info", message: `tick ${n}` })));
    const many = await run({ agent: "counter", input: { n: 5_000 } });
    expect(many.bodies("progress").map(({ current }) => current)).toEqual(upTo(5_000));
  });

  it("chunker, in text and in bytes", async () => {
    const text = await run({ agent: "chunker", input: { chunks: 28, size: 3 } });
    const chunks = text.bodies("result_chunk");
    expect(chunks.map(({ data }) => data).join("")).toBe(
      Array.from({ length: 28 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(3)).join(""),
    );
    expect(chunks.map(({ more }) => more)).toEqual([...Array.from({ length: 27 }, () => true), false]);
    expect(text.end.payload).toMatchObject({ result_id: chunks[0]?.result_id, result_size: 84 });
    expect(text.end.payload).not.toHaveProperty("result");
    const bytes = await run({ agent: "chunker", input: { chunks: 2, size: 5, encoding: "base64" } });
    const decoded = bytes.bodies("result_chunk").map(({ data }) => [...Buffer.from(data, "base64")]);
    expect(decoded).toEqual([Array.from({ length: 5 }, () => 0), Array.from({ length: 5 }, () => 1)]);
  });

  it("toolcaller: what is refused is not begun, and the agent goes on unless it is fatal", async () => {
    const input = { tools: ["work.a", "other", "work.b"] };
    const { end, bodies } = await run({ agent: "toolcaller", input, lease_request: work });
    expect(bodies("tool_call")).toEqual([
      { tool: "work.a", args: {}, call_id: "c1" },
      { tool: "work.b", args: {}, call_id: "c3" },
    ]);
    expect(bodies("tool_result").map(tools)).toEqual([
      ["c1", "ok"],
      ["c2", "PERMISSION_DENIED"],
      ["c3", "ok"],
    ]);
    expect(end.payload.result).toEqual({ allowed: 2, denied: 1, codes: ["PERMISSION_DENIED"] });
    const fatal = await run({ agent: "toolcaller", input: { ...input, fatal: true }, lease_request: work });
    expect(fatal.end.payload).toMatchObject({ final_status: "error", code: "PERMISSION_DENIED" });
    expect(fatal.bodies("tool_result").map(tools)).toHaveLength(2);
  });

  it("toolcaller under a lease that ends", async () => {
    const expires_at = new Date(Date.now() + 700).toISOString();
    const { end } = await run({
      agent: "toolcaller",
      input: { tools: Array.from({ length: 50 }, () => "work.a"), delayMs: 100 },
      lease_request: work,
      lease_constraints: { expires_at },
    });
    expect(end.payload).toMatchObject({ final_status: "error", code: "LEASE_EXPIRED", retryable: false });
  });

  it("spender: tenths count as tenths, and a negative report counts as nothing", async () => {
    const lease_request = { ...work, "cost.budget": ["USD:0.70"] };
    const costs = [-1, ...Array.from({ length: 8 }, () => 0.1)];
    const { end, accepted, bodies } = await run({
      agent: "spender",
      input: { costs, unit: "USD" },
      lease_request,
    });
    expect(accepted.payload.budget).toEqual({ USD: 0.7 });
    expect(end.payload.result).toEqual({ allowed: 8, denied: 1, codes: ["BUDGET_EXHAUSTED"] });
    expect(bodies("metric").filter(({ name }) => name === "cost.work")).toHaveLength(7);
  });

  it("failer", async () => {
    const { end, bodies } = await run({ agent: "failer", input: { message: "it broke" } });
    expect(bodies("log")).toHaveLength(1);
    expect(end.payload).toMatchObject({
      final_status: "error",
      code: "INTERNAL_ERROR",
      message: "it broke",
      retryable: true,
    });
  });

  it("delegator: its child runs in the same session, or is refused", async () => {
    const lease_request = { ...work, "agent.delegate": ["toolcaller"] };
    const input = { agent: "toolcaller", input: { tools: ["work.a"] }, lease: work, waitMs: 20 };
    const { end, job, bodies } = await run({ agent: "delegator", input, lease_request });
    expect(end.payload.result).toEqual({ delegated: true });
    expect(bodies("delegate")).toEqual([
      expect.objectContaining({ delegate_id: "d1", agent: "toolcaller", lease_request: work }),
    ]);
    const child = await alice.find(
      ({ type, payload }) => type === "job.accepted" && payload.parent_job_id === job,
    );
    expect(child.payload).toMatchObject({ delegate_id: "d1", lease: work });
    expect((await alice.end(child.payload.job_id)).payload.result).toMatchObject({ allowed: 1 });
    const more = { agent: "toolcaller", input: { tools: [] }, lease: { "tool.call": ["**"] } };
    const refused = await run({ agent: "delegator", input: more, lease_request });
    expect(refused.bodies("tool_result").map(tools)).toEqual([["d1", "LEASE_SUBSET_VIOLATION"]]);
  });

  it("32 jobs at once share one numbering without a gap", async () => {
    const client = await RawClient.hello(server.ws);
    const jobs = await Promise.all(
      Array.from({ length: 32 }, () => client.submit({ agent: "counter", input: { n: 20, delayMs: 1 } })),
    );
    await Promise.all(jobs.map(({ payload }) => client.end(payload.job_id)));
    expect(seqs(client.numbered)).toEqual(upTo(client.numbered.length));
    client.close();
  });

  it("a race of submissions under one key makes one job", async () => {
    const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.hello(server.ws)));
    const payload = { agent: "echo", input: "race", idempotency_key: crypto.randomUUID() };
    const accepted = await Promise.all(clients.map((client) => client.submit(payload)));
    expect(new Set(accepted.map(({ payload: { job_id } }) => job_id)).size).toBe(1);
    const ends = await Promise.all(clients.map((client) => client.end(String(accepted[0]?.payload.job_id))));
    expect(new Set(ends.map((end) => JSON.stringify(end.payload))).size).toBe(1);
    for (const client of clients) client.close();
  });
});

describe("what is somebody else's, old, stolen or unreadable", { timeout: 60_000 }, () => {
  const refusalOf = async (client: RawClient, request: string) =>
    (await client.find(({ payload }) => payload.request_id === request)).payload.code;

  it("answers as if nothing were there", async () => {
    const { job } = await run({ agent: "echo", input: "mine" });
    const bob = await RawClient.hello(server.ws, { token: "tok-b" });
    expect(await refusalOf(bob, bob.send("job.subscribe", { job_id: job }))).toBe("JOB_NOT_FOUND");
    expect(await refusalOf(bob, bob.send("job.subscribe", { job_id: "job_none" }))).toBe("JOB_NOT_FOUND");
    expect(await refusalOf(bob, bob.send("job.cancel", {}, { job_id: job }))).toBe("JOB_NOT_FOUND");
    const listing = bob.send("session.list_jobs", {});
    expect((await bob.find(({ payload }) => payload.request_id === listing)).payload.jobs).toEqual([]);
    bob.close();
    const thief = await RawClient.open(server.ws);
    thief.sayHello({ token: "tok-b", resume: alice.resume });
    expect((await thief.find(({ type }) => type === "session.error")).payload.code).toBe(
      "RESUME_WINDOW_EXPIRED",
    );
    for (const token of ["tok-c", "tok-", "", "tok-a "]) {
      const nobody = await RawClient.open(server.ws);
      nobody.sayHello({ token });
      const { payload } = await nobody.find(({ type }) => type === "session.error");
      expect(payload).toMatchObject({ code: "UNAUTHENTICATED", retryable: false });
    }
    // Nothing of that has harmed the session.
    expect((await run({ agent: "echo", input: "still here" })).end.type).toBe("job.result");
  });

  it("is answered and disturbs nobody", async () => {
    const socket = new WebSocket(server.ws);
    const frames: Frame[] = [];
    socket.addEventListener("message", ({ data }) => frames.push(JSON.parse(String(data))));
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    socket.send("{");
    socket.send(new Uint8Array([1, 2, 3]));
    socket.send("[".repeat(5_000) + "]".repeat(5_000));
    socket.send(
      JSON.stringify({
        arcp: "1.1",
        id: "big",
        type: "session.hello",
        payload: { pad: "x".repeat(5_000_000) },
      }),
    );
    await expect.poll(() => frames.length, { timeout: 20_000 }).toBe(4);
    expect(new Set(frames.map(({ payload }) => payload.code))).toEqual(new Set(["INVALID_REQUEST"]));
    socket.close();
    expect((await fetch(`${server.http}/healthz`)).status).toBe(200);
    expect((await run({ agent: "echo", input: 1 })).end.type).toBe("job.result");
  });
});

describe("pawl serve --stdio", { timeout: 60_000 }, () => {
  it("speaks with who started it, says nothing else on stdout, and ends when stdin ends", async () => {
    const { child, stdout, stderr, ended } = servers.startOverStdio(await servers.folder());
    const send = (type: string, payload: object, more = {}) =>
      child.stdin?.write(`${JSON.stringify({ arcp: "1.1", id: type, type, payload, ...more })}\n`);
    const frames = () =>
      stdout()
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Frame);
    const find = (type: string) =>
      expect.poll(() => frames().find((frame) => frame.type === type), { timeout: 30_000 }).toBeDefined();
    send("session.hello", {
      client: { name: "parent", version: "0" },
      auth: { scheme: "bearer", token: "tok-a" },
      capabilities: { encodings: ["json"], features: [] },
    });
    await find("session.welcome");
    send("job.submit", { agent: "echo", input: "hi" });
    await find("job.result");
    expect(frames().find(({ type }) => type === "job.result")?.payload.result).toEqual({
      echo: "hi",
      version: "2.0.0",
    });
    child.stdin?.end();
    expect(await ended, stderr()).toBe(0);
    expect(frames().every(({ type }) => typeof type === "string")).toBe(true);
  });
});
