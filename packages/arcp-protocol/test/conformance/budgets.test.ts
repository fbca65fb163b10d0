import { describe, expect, test } from "vitest";
import { jobIdOf, openSession, sharedServer } from "../support/conformance-server.ts";
import { results, run } from "../support/run-job.ts";

const { url } = await sharedServer({});

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
