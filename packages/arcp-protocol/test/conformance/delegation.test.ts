import { describe, expect, test } from "vitest";
import type { AgentDefinition } from "../../src/server/agent.ts";
import { jobIdOf, openSession, sharedServer } from "../support/conformance-server.ts";
import { results, run } from "../support/run-job.ts";

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
  moreAgents: [tracer, forker, emitter],
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
