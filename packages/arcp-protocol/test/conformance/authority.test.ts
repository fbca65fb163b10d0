import { describe, expect, test } from "vitest";
import type { AgentDefinition } from "../../src/server/agent.ts";
import { jobIdOf, openSession, type Session, sharedServer } from "../support/conformance-server.ts";
import type { Frame } from "../support/raw-client.ts";

const toucher: AgentDefinition = {
  name: "toucher",
  versions: {
    "1.0.0": (input, context) =>
      (input as [string, string][]).map(([namespace, target]) => {
        const verdict = context.check({ namespace, target });
        return verdict.allowed ? "allowed" : verdict.code;
      }),
  },
};
/** Spends in its own time: `[ms, cost]` pairs. */
const tracer: AgentDefinition = {
  name: "tracer",
  versions: {
    "1.0.0": (_, context) => ({ ...context.trace, agent: context.agent, budget: context.budget ?? null }),
  },
};
const emitter: AgentDefinition = {
  name: "emitter",
  versions: {
    "1.0.0": (_, context) =>
      context.emit("delegate", { delegate_id: "d9", agent: "echo", input: "by event" }).then(() => "emitted"),
  },
};
const forker: AgentDefinition = {
  name: "forker",
  versions: {
    "1.0.0": async (input, context) => {
      const { children, agent } = input as { children: Record<string, string[]>[]; agent: string };
      const codes: string[] = [];
      for (const lease_request of children) {
        const delegated = await context.delegate({
          agent,
          input: { costs: [1], unit: "USD", ms: 200 },
          lease_request,
        });
        codes.push(delegated.ok ? "ok" : delegated.error.wireCode);
        if (delegated.ok && (input as { wait?: boolean }).wait === true) await delegated.outcome;
      }
      return { codes, left: context.budget };
    },
  },
};

const { url } = await sharedServer({
  limits: { cancelGraceMs: 200, expiryGraceMs: 150 },
  moreAgents: [toucher, tracer, forker, emitter],
});

async function touch(session: Session, lease: Record<string, string[]>, operations: [string, string][]) {
  const job = await session.submit({ agent: "toucher", input: operations, lease_request: lease });
  return (await session.end(jobIdOf(job))).payload.result as string[];
}

function results(session: Session, job: string): Record<string, unknown>[] {
  return session.events(job, "tool_result").map(({ payload }) => payload.body as Record<string, unknown>);
}

async function run(session: Session, payload: Record<string, unknown>): Promise<{ job: string; end: Frame }> {
  const job = jobIdOf(await session.submit(payload));
  return { job, end: await session.end(job) };
}

describe("leases", () => {
  test("[9.3-1] no lease covers nothing", async () => {
    const session = await openSession(url);
    const { job, end } = await run(session, { agent: "toolcaller", input: { tools: ["a", "b"] } });
    expect(end.payload.result).toEqual({
      allowed: 0,
      denied: 2,
      codes: ["PERMISSION_DENIED", "PERMISSION_DENIED"],
    });
    expect(session.events(job, "tool_call")).toEqual([]);
  });

  test("[9.3-2] a refused tool is not called and the agent goes on", async () => {
    const session = await openSession(url);
    const { job, end } = await run(session, {
      agent: "toolcaller",
      input: { tools: ["db.read", "db.drop", "db.write"] },
      lease_request: { "tool.call": ["db.read", "db.w*"] },
    });
    expect(end.payload.result).toEqual({ allowed: 2, denied: 1, codes: ["PERMISSION_DENIED"] });
    expect(session.events(job, "tool_call").map(({ payload }) => payload.body)).toEqual([
      { tool: "db.read", args: {}, call_id: "c1" },
      { tool: "db.write", args: {}, call_id: "c3" },
    ]);
    expect(results(session, job)).toEqual([
      { call_id: "c1", result: { ok: true } },
      { call_id: "c2", error: { code: "PERMISSION_DENIED", message: expect.any(String), retryable: false } },
      { call_id: "c3", result: { ok: true } },
    ]);
  });

  test("[9.3-2] a fatal refusal ends the job with its code", async () => {
    const session = await openSession(url);
    const { end } = await run(session, { agent: "toolcaller", input: { tools: ["x"], fatal: true } });
    expect(end.payload).toMatchObject({ final_status: "error", code: "PERMISSION_DENIED", retryable: false });
  });

  test("[9.2-1] stars, literals and anchors", async () => {
    const session = await openSession(url);
    const lease = {
      "tool.call": ["exact", "dir/*", "tree/**", "mid/**/end", "a.c", "pre*"],
      "agent.delegate": ["echo", "slow@1.*"],
    };
    const operations: [string, string][] = [
      ["tool.call", "exact"],
      ["tool.call", "exact2"],
      ["tool.call", "xexact"],
      ["tool.call", "dir/one"],
      ["tool.call", "dir/one/two"],
      ["tool.call", "dir/x/../one"],
      ["tool.call", "dir/./one"],
      ["tool.call", "tree/../secret"],
      ["tool.call", "tree//a"],
      ["tool.call", "dir/"],
      ["tool.call", "tree"],
      ["tool.call", "tree/a/b/c"],
      ["tool.call", "treehouse"],
      ["tool.call", "mid/end"],
      ["tool.call", "mid/x/y/end"],
      ["tool.call", "mid/x/y/ends"],
      ["tool.call", "abc"],
      ["tool.call", "prefix"],
      ["tool.call", "prefix/more"],
      ["agent.delegate", "echo@1.0.0"],
      ["agent.delegate", "slow@1.0.0"],
      ["agent.delegate", "slow@2.0.0"],
    ];
    const yes = "allowed";
    const no = "PERMISSION_DENIED";
    expect(await touch(session, lease, operations)).toEqual([
      yes,
      no,
      no,
      yes,
      no,
      yes,
      yes,
      no,
      yes,
      no,
      yes,
      yes,
      no,
      yes,
      yes,
      no,
      no,
      yes,
      no,
      yes,
      yes,
      no,
    ]);
  });

  test("[9.2-2] no escape from a path or a URL", async () => {
    const session = await openSession(url);
    const lease = {
      "fs.read": ["/w/app/**", "/w/./docs//*.md"],
      "net.fetch": [
        "https://api.example.com/v1/**",
        "HTTPS://Docs.Example.com:443/*",
        "https://*.cdn.example/**",
      ],
    };
    const operations: [string, string][] = [
      ["fs.read", "/w/app/src/../main.ts"],
      ["fs.read", "/w/app/../secret"],
      ["fs.read", "/w/app/../../etc/passwd"],
      ["fs.read", "//w///app/./x"],
      ["fs.read", "w/app/x"],
      ["fs.read", "/w/app\0/../../etc"],
      ["fs.read", "/w/docs/a.md"],
      ["fs.read", "/w/docs/sub/a.md"],
      ["fs.write", "/w/app/x"],
      ["net.fetch", "HTTPS://API.example.com/v1/users?x=1#top"],
      ["net.fetch", "https://api.example.com:443/v1/a"],
      ["net.fetch", "https://api.example.com/v1/../admin"],
      ["net.fetch", "https://api.example.com/v1/%2e%2e/admin"],
      ["net.fetch", "https://api.example.com@evil.example/v1/"],
      ["net.fetch", "https://api.example.com.evil.example/v1/"],
      ["net.fetch", "http://api.example.com/v1/a"],
      ["net.fetch", "https://docs.example.com/page"],
      ["net.fetch", "https://a.cdn.example/x/y"],
      ["net.fetch", "https://evil.example/?.cdn.example/x"],
      ["net.fetch", "https://evil.example#.cdn.example/x"],
      ["net.fetch", "file:///etc/passwd"],
      ["net.fetch", "not a url"],
    ];
    const yes = "allowed";
    const no = "PERMISSION_DENIED";
    expect(await touch(session, lease, operations)).toEqual([
      yes,
      no,
      no,
      yes,
      no,
      no,
      yes,
      no,
      no,
      yes,
      yes,
      no,
      no,
      no,
      no,
      no,
      yes,
      yes,
      no,
      no,
      no,
      no,
    ]);
  });

  test("[9.2-3] namespaces are known or a vendor's", async () => {
    const session = await openSession(url);
    expect(
      await touch(session, { "x-vendor.acme.robot": ["arm/*"] }, [["x-vendor.acme.robot", "arm/left"]]),
    ).toEqual(["allowed"]);
    for (const namespace of ["fs.execute", "x-vendor", "x-vendor.", "tool", "__proto__x", "X-Vendor.a"]) {
      const refusal = await session.submitRefused({ agent: "echo", lease_request: { [namespace]: ["*"] } });
      expect(refusal.payload.code).toBe("INVALID_REQUEST");
    }
    const climb = await session.submitRefused({
      agent: "echo",
      lease_request: { "fs.read": ["/a/*/../../etc/**"] },
    });
    expect(climb.payload.code).toBe("INVALID_REQUEST");
  });
});

describe("expiry", () => {
  test.each([
    ["the past", new Date(Date.now() - 1000).toISOString()],
    ["an offset", "2999-01-01T00:00:00+00:00"],
    ["no zone", "2999-01-01T00:00:00"],
    ["a day that does not exist", "2999-02-30T00:00:00Z"],
    ["words", "tomorrow"],
    ["a number in text", "32472144000"],
  ])("[9.5-1] %s is INVALID_REQUEST", async (_, expires_at) => {
    const session = await openSession(url);
    const refusal = await session.submitRefused({ agent: "echo", lease_constraints: { expires_at } });
    expect(refusal.payload.code).toBe("INVALID_REQUEST");
  });

  test("[9.5-2, 9.5-3, 7.3-2] an operation after the end is refused and the job ends with LEASE_EXPIRED", async () => {
    const session = await openSession(url);
    const { job, end } = await run(session, {
      agent: "toolcaller",
      input: { tools: Array(50).fill("t"), delayMs: 60 },
      lease_request: { "tool.call": ["t"] },
      lease_constraints: { expires_at: new Date(Date.now() + 150).toISOString() },
    });
    expect(end.payload).toMatchObject({ final_status: "error", code: "LEASE_EXPIRED", retryable: false });
    expect(results(session, job).at(-1)).toMatchObject({
      error: { code: "LEASE_EXPIRED", retryable: false },
    });
    expect(session.events(job, "tool_call").length).toBeGreaterThan(0);
    expect(session.events(job, "tool_call").length).toBeLessThan(10);
  });

  test("[9.5-3] a job that only waits is ended as well", async () => {
    const session = await openSession(url);
    const { end } = await run(session, {
      agent: "slow",
      input: { ms: 60_000 },
      lease_constraints: { expires_at: new Date(Date.now() + 60).toISOString() },
    });
    expect(end.payload).toMatchObject({ final_status: "error", code: "LEASE_EXPIRED" });
  });

  test("[9.3-3] expiry is checked before budget, budget before pattern", async () => {
    const session = await openSession(url);
    const empty = await run(session, {
      agent: "toolcaller",
      input: { tools: ["not.covered"] },
      lease_request: { "tool.call": ["x"], "cost.budget": ["USD:0"] },
    });
    expect(empty.end.payload.result).toMatchObject({ codes: ["BUDGET_EXHAUSTED"] });
  });
});

describe("budgets", () => {
  const lease = (budget: string[]) => ({ "tool.call": ["work.do"], "cost.budget": budget });

  test("[9.6-1, 9.6-2, 7.1-2] seven times 0.1 of 0.70 is exactly nothing", async () => {
    const session = await openSession(url);
    const accepted = await session.submit({
      agent: "spender",
      input: { costs: Array(9).fill(0.1), unit: "USD" },
      lease_request: lease(["USD:0.70"]),
    });
    expect(accepted.payload.budget).toEqual({ USD: 0.7 });
    const job = jobIdOf(accepted);
    expect((await session.end(job)).payload.result).toEqual({
      allowed: 7,
      denied: 2,
      codes: ["BUDGET_EXHAUSTED", "BUDGET_EXHAUSTED"],
    });
    expect(results(session, job).at(-1)).toMatchObject({
      error: { code: "BUDGET_EXHAUSTED", retryable: false },
    });
  });

  test("[9.6-1] a thousand cents of ten, to the last one", async () => {
    const session = await openSession(url);
    const { end } = await run(session, {
      agent: "spender",
      input: { costs: Array(1001).fill(0.01), unit: "USD" },
      lease_request: lease(["USD:10.00"]),
    });
    expect(end.payload.result).toMatchObject({ allowed: 1000, denied: 1 });
  });

  test("[9.6-3] negative costs are rejected and give nothing back", async () => {
    const session = await openSession(url);
    const { job, end } = await run(session, {
      agent: "spender",
      input: { costs: [0.5, -5, 0.5, 1], unit: "USD" },
      lease_request: lease(["USD:1.00"]),
    });
    expect(end.payload.result).toMatchObject({ allowed: 3, denied: 1 });
    const reported = session
      .events(job, "metric")
      .map(({ payload }) => payload.body as { name: string; value: number })
      .filter(({ name }) => name === "cost.work");
    expect(reported.map(({ value }) => value)).toEqual([0.5, 0.5]);
  });

  test("[9.6-4] currencies are independent and other units are not counted", async () => {
    const session = await openSession(url);
    const other = await run(session, {
      agent: "spender",
      input: { costs: [5, 5], unit: "EUR" },
      lease_request: lease(["USD:1"]),
    });
    expect(other.end.payload.result).toMatchObject({ allowed: 2, denied: 0 });
    const both = await run(session, {
      agent: "spender",
      input: { costs: [5, 5, 5], unit: "credits" },
      lease_request: lease(["USD:1", "credits:10"]),
    });
    expect(both.end.payload.result).toMatchObject({ allowed: 2, denied: 1 });
    const summed = await session.submit({
      agent: "echo",
      lease_request: { "cost.budget": ["USD:0.1", "USD:0.2"] },
    });
    expect(summed.payload.budget).toEqual({ USD: 0.3 });
  });

  test.each([
    "USD",
    "USD:",
    "USD:-1",
    "USD:1e3",
    ":1",
    "USD:1.",
    "USD:.5",
    "USD:1,5",
    "USD: 1",
    "$:1",
    "USD:NaN",
  ])("[9.6-5] the amount %j is INVALID_REQUEST", async (amount) => {
    const session = await openSession(url);
    const refusal = await session.submitRefused({
      agent: "echo",
      lease_request: { "cost.budget": [amount] },
    });
    expect(refusal.payload.code).toBe("INVALID_REQUEST");
  });

  test("[9.6-6] a gauge follows the budget down and is not counted itself", async () => {
    const session = await openSession(url);
    const { job } = await run(session, {
      agent: "spender",
      input: { costs: [0.25, 0.25, 0.25, 0.25], unit: "USD" },
      lease_request: lease(["USD:1"]),
    });
    const gauge = session
      .events(job, "metric")
      .map(({ payload }) => payload.body as { name: string; value: number; unit: string })
      .filter(({ name }) => name === "cost.budget.remaining");
    expect(gauge.map(({ value }) => value)).toEqual([0.75, 0.5, 0.25, 0]);
  });
});

describe("delegation", () => {
  test("[10-1, 11-2] the child runs in the same session and trace, under its parent", async () => {
    const session = await openSession(url);
    const trace_id = "0af7651916cd43dd8448eb211c80319c";
    const accepted = await session.submit(
      {
        agent: "delegator",
        input: { agent: "tracer", input: 1, lease: { "tool.call": ["a/b"] }, waitMs: 50 },
        lease_request: { "agent.delegate": ["*"], "tool.call": ["a/*"] },
      },
      { trace_id },
    );
    const parent = jobIdOf(accepted);
    const child = await session.client.waitFor((frame) => frame.payload.parent_job_id === parent);
    expect(child).toMatchObject({ type: "job.accepted", trace_id });
    expect(child.payload).toMatchObject({
      agent: "tracer@1.0.0",
      delegate_id: "d1",
      lease: { "tool.call": ["a/b"] },
    });
    expect((await session.end(jobIdOf(child))).payload.result).toMatchObject({ traceId: trace_id });
    expect((await session.end(parent)).payload.result).toEqual({ delegated: true });
    expect(session.events(parent, "delegate")[0]?.payload.body).toMatchObject({
      delegate_id: "d1",
      agent: "tracer",
      child_job_id: jobIdOf(child),
    });
  });

  test.each([
    ["10-3", "no grant", { agent: "echo" }, { "tool.call": ["**"] }, "PERMISSION_DENIED"],
    ["10-3", "another agent", { agent: "echo" }, { "agent.delegate": ["slow"] }, "PERMISSION_DENIED"],
    ["10-3", "another version", { agent: "echo" }, { "agent.delegate": ["echo@1.0.0"] }, "PERMISSION_DENIED"],
    ["10-2", "an unknown agent", { agent: "nobody" }, { "agent.delegate": ["*"] }, "AGENT_NOT_AVAILABLE"],
    [
      "9.4-1",
      "a wider tool",
      { agent: "echo", lease: { "tool.call": ["**"] } },
      { "agent.delegate": ["*"], "tool.call": ["a/*"] },
      "LEASE_SUBSET_VIOLATION",
    ],
    [
      "9.4-1",
      "another namespace",
      { agent: "echo", lease: { "fs.read": ["/a"] } },
      { "agent.delegate": ["*"], "fs.write": ["/a"] },
      "LEASE_SUBSET_VIOLATION",
    ],
    [
      "9.4-1",
      "a path that climbs",
      { agent: "echo", lease: { "fs.read": ["/w/../etc/**"] } },
      { "agent.delegate": ["*"], "fs.read": ["/w/**"] },
      "LEASE_SUBSET_VIOLATION",
    ],
    [
      "9.4-2",
      "more money than there is",
      { agent: "echo", lease: { "cost.budget": ["USD:2.01"] } },
      { "agent.delegate": ["*"], "cost.budget": ["USD:2.00"] },
      "LEASE_SUBSET_VIOLATION",
    ],
    [
      "9.4-2",
      "another currency",
      { agent: "echo", lease: { "cost.budget": ["EUR:1"] } },
      { "agent.delegate": ["*"], "cost.budget": ["USD:2.00"] },
      "LEASE_SUBSET_VIOLATION",
    ],
    [
      "9.4-2",
      "money from nowhere",
      { agent: "echo", lease: { "cost.budget": ["USD:1"] } },
      { "agent.delegate": ["*"] },
      "LEASE_SUBSET_VIOLATION",
    ],
    [
      "10-2",
      "a malformed lease",
      { agent: "echo", lease: { nonsense: ["*"] } },
      { "agent.delegate": ["*"] },
      "INVALID_REQUEST",
    ],
  ])(
    "[9.4-1, 9.4-2, 10-2, 10-3] (%s) %s is refused in a tool_result",
    async (_, __, input, lease_request, code) => {
      const session = await openSession(url);
      const { job, end } = await run(session, { agent: "delegator", input, lease_request });
      expect(end.payload.result).toEqual({ delegated: true });
      expect(results(session, job)).toEqual([
        { call_id: "d1", error: { code, message: expect.any(String), retryable: false } },
      ]);
      expect(session.events(job, "delegate")).toHaveLength(1);
      expect(session.client.received.filter((frame) => frame.payload.parent_job_id === job)).toEqual([]);
    },
  );

  test("[10-1] emitting a delegate event delegates", async () => {
    const session = await openSession(url);
    const parent = jobIdOf(
      await session.submit({ agent: "emitter", lease_request: { "agent.delegate": ["*"] } }),
    );
    const child = await session.client.waitFor((frame) => frame.payload.parent_job_id === parent);
    expect(child.payload.delegate_id).toBe("d9");
    expect((await session.end(jobIdOf(child))).payload.result).toMatchObject({ echo: "by event" });
    expect(session.events(parent, "delegate")).toHaveLength(1);
  });

  test("[9.4-3] the child's expiry is the parent's at the latest, and inherited", async () => {
    const session = await openSession(url);
    const soon = new Date(Date.now() + 60_000).toISOString();
    const later = new Date(Date.now() + 120_000).toISOString();
    const submit = (leaseConstraints?: object) =>
      session.submit({
        agent: "delegator",
        input: { agent: "echo", input: 1, leaseConstraints, waitMs: 20 },
        lease_request: { "agent.delegate": ["*"] },
        lease_constraints: { expires_at: soon },
      });
    const parent = jobIdOf(await submit());
    const child = await session.client.waitFor((frame) => frame.payload.parent_job_id === parent);
    expect(child.payload.lease_constraints).toEqual({ expires_at: soon });
    const greedy = jobIdOf(await submit({ expires_at: later }));
    await session.end(greedy);
    expect(results(session, greedy)[0]).toMatchObject({ error: { code: "LEASE_SUBSET_VIOLATION" } });
  });

  test("[9.4-2, 10-4] children share what the parent has, and the rest comes back", async () => {
    const session = await openSession(url);
    const children = Array(4).fill({ "cost.budget": ["USD:2"], "tool.call": ["work.do"] });
    const lease_request = { "agent.delegate": ["*"], "cost.budget": ["USD:5"], "tool.call": ["work.do"] };
    const greedy = await run(session, { agent: "forker", input: { agent: "slow", children }, lease_request });
    expect((greedy.end.payload.result as { codes: string[] }).codes).toEqual([
      "ok",
      "ok",
      "LEASE_SUBSET_VIOLATION",
      "LEASE_SUBSET_VIOLATION",
    ]);
    // Each child spends 1 of its 2 and returns 1; so a fourth still fits.
    const frugal = await run(session, {
      agent: "forker",
      input: { agent: "spender", children, wait: true },
      lease_request,
    });
    expect(frugal.end.payload.result).toEqual({ codes: ["ok", "ok", "ok", "ok"], left: { USD: 1 } });
  });

  test("[9.4-2] a child without a budget of its own spends its parent's", async () => {
    const session = await openSession(url);
    const { end } = await run(session, {
      agent: "forker",
      input: { agent: "spender", children: Array(3).fill({ "tool.call": ["work.do"] }), wait: true },
      lease_request: { "agent.delegate": ["*"], "cost.budget": ["USD:2"], "tool.call": ["work.do"] },
    });
    expect(end.payload.result).toEqual({ codes: ["ok", "ok", "BUDGET_EXHAUSTED"], left: { USD: 0 } });
  });

  test("[7.4-5] cancelling the parent cancels the child", async () => {
    const session = await openSession(url);
    const parent = jobIdOf(
      await session.submit({
        agent: "delegator",
        input: { agent: "slow", input: { ms: 60_000 }, waitMs: 60_000 },
        lease_request: { "agent.delegate": ["slow"] },
      }),
    );
    const child = jobIdOf(await session.client.waitFor((frame) => frame.payload.parent_job_id === parent));
    session.send("job.cancel", {}, { job_id: parent });
    expect((await session.end(parent)).payload.final_status).toBe("cancelled");
    expect((await session.end(child)).payload.final_status).toBe("cancelled");
  });

  test("[11-2] an agent gets a whole traceparent apart", async () => {
    const session = await openSession(url);
    const trace_id = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const accepted = await session.submit({ agent: "tracer" }, { trace_id });
    expect((await session.end(jobIdOf(accepted))).payload.result).toMatchObject({
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      parentId: "00f067aa0ba902b7",
      flags: "01",
    });
  });
});
