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
