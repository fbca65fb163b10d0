import { describe, expect, test } from "vitest";
import { type AgentSpec, agent, DEFAULT_LIMITS, isPawlError } from "../../src/index.ts";

const codeOf = (spec: unknown) => {
  try {
    agent(spec as AgentSpec);
  } catch (error) {
    return isPawlError(error) ? error.code : "not ours";
  }
  return "nothing thrown";
};

describe("agent()", () => {
  test("is data, and is never without bounds", () => {
    expect(agent({ name: "helper" })).toEqual({
      name: "helper",
      refreshTools: "turn",
      limits: DEFAULT_LIMITS,
    });
    expect(agent({ name: "helper", instructions: "Help.", model: "p/m", limits: { maxTokens: 5 } })).toEqual({
      name: "helper",
      instructions: "Help.",
      model: "p/m",
      limits: { ...DEFAULT_LIMITS, maxTokens: 5 },
      refreshTools: "turn",
    });
  });

  test("a limit that is undefined has its default", () => {
    const made = agent({ name: "a", limits: { maxWallMs: undefined } } as unknown as AgentSpec);
    expect(made.limits).toEqual(DEFAULT_LIMITS);
  });

  test.each([
    { maxIterations: 0 },
    { maxIterations: -1 },
    { maxIterations: 1.5 },
    { maxWallMs: Number.NaN },
    { maxWallMs: Number.POSITIVE_INFINITY },
    { maxTokens: "100" },
    { maxNoProgress: null },
    { onBudget: "pay" },
    { maxSteps: 5 },
  ])("limits like %j are refused", (limits) => {
    expect(codeOf({ name: "a", limits })).toBe("invalid_limits");
  });

  test("a version is data too, and is refused when it could not be written behind a name", () => {
    expect(agent({ name: "a", version: "2.0.0-rc.1+5" }).version).toBe("2.0.0-rc.1+5");
    for (const version of ["", "1 0", "1@0", "ü", "1".repeat(65), 2]) {
      expect(codeOf({ name: "a", version })).toBe("invalid_agent_version");
    }
  });

  test.each(["", "  ", undefined, 5, "a@1"])("a name like %j is refused", (name) => {
    expect(codeOf({ name })).toBe("invalid_agent_name");
  });
});
