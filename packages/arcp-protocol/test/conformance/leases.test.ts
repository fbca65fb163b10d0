import { describe, expect, test } from "vitest";
import type { AgentDefinition } from "../../src/server/agent.ts";
import { jobIdOf, openSession, type Session, sharedServer } from "../support/conformance-server.ts";
import { results, run } from "../support/run-job.ts";

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

const { url } = await sharedServer({ limits: { expiryGraceMs: 150 }, moreAgents: [toucher] });

async function touch(session: Session, lease: Record<string, string[]>, operations: [string, string][]) {
  const job = await session.submit({ agent: "toucher", input: operations, lease_request: lease });
  return (await session.end(jobIdOf(job))).payload.result as string[];
}

const yes = "allowed";
const no = "PERMISSION_DENIED";

/** What each operation comes to under a lease, in one go. */
async function expectVerdicts(
  session: Session,
  lease: Record<string, string[]>,
  cases: readonly (readonly [namespace: string, target: string, verdict: string])[],
): Promise<void> {
  const operations = cases.map(([namespace, target]): [string, string] => [namespace, target]);
  const verdicts = await touch(session, lease, operations);
  expect(operations.map((operation, index) => [...operation, verdicts[index]])).toEqual(cases);
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
    await expectVerdicts(session, lease, [
      ["tool.call", "exact", yes],
      ["tool.call", "exact2", no],
      ["tool.call", "xexact", no],
      ["tool.call", "dir/one", yes],
      ["tool.call", "dir/one/two", no],
      ["tool.call", "dir/x/../one", yes],
      ["tool.call", "dir/./one", yes],
      ["tool.call", "tree/../secret", no],
      ["tool.call", "tree//a", yes],
      ["tool.call", "dir/", no],
      ["tool.call", "tree", yes],
      ["tool.call", "tree/a/b/c", yes],
      ["tool.call", "treehouse", no],
      ["tool.call", "mid/end", yes],
      ["tool.call", "mid/x/y/end", yes],
      ["tool.call", "mid/x/y/ends", no],
      ["tool.call", "abc", no],
      ["tool.call", "prefix", yes],
      ["tool.call", "prefix/more", no],
      ["agent.delegate", "echo@1.0.0", yes],
      ["agent.delegate", "slow@1.0.0", yes],
      ["agent.delegate", "slow@2.0.0", no],
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
    await expectVerdicts(session, lease, [
      ["fs.read", "/w/app/src/../main.ts", yes],
      ["fs.read", "/w/app/../secret", no],
      ["fs.read", "/w/app/../../etc/passwd", no],
      ["fs.read", "//w///app/./x", yes],
      ["fs.read", "w/app/x", no],
      ["fs.read", "/w/app\0/../../etc", no],
      ["fs.read", "/w/docs/a.md", yes],
      ["fs.read", "/w/docs/sub/a.md", no],
      ["fs.write", "/w/app/x", no],
      ["net.fetch", "HTTPS://API.example.com/v1/users?x=1#top", yes],
      ["net.fetch", "https://api.example.com:443/v1/a", yes],
      ["net.fetch", "https://api.example.com/v1/../admin", no],
      ["net.fetch", "https://api.example.com/v1/%2e%2e/admin", no],
      ["net.fetch", "https://api.example.com@evil.example/v1/", no],
      ["net.fetch", "https://api.example.com.evil.example/v1/", no],
      ["net.fetch", "http://api.example.com/v1/a", no],
      ["net.fetch", "https://docs.example.com/page", yes],
      ["net.fetch", "https://a.cdn.example/x/y", yes],
      ["net.fetch", "https://evil.example/?.cdn.example/x", no],
      ["net.fetch", "https://evil.example#.cdn.example/x", no],
      ["net.fetch", "file:///etc/passwd", no],
      ["net.fetch", "not a url", no],
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
