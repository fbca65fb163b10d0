import { describe, expect, test } from "vitest";
import { agent, agentRef, checkAgents, findAgent } from "../../src/index.ts";

const agents = [
  agent({ name: "reviewer", version: "2.0.0" }),
  agent({ name: "reviewer", version: "1.0.0" }),
  agent({ name: "writer" }),
];
const found = (ref: string | undefined) => agentRef(findAgent(agents, ref));

describe("an agent among several", () => {
  test("a bare name is its first version, and nothing is the first of all", () => {
    expect(found("reviewer")).toBe("reviewer@2.0.0");
    expect(found(undefined)).toBe("reviewer@2.0.0");
    expect(found("writer")).toBe("writer");
  });

  test("versions stand side by side", () => {
    expect(found("reviewer@1.0.0")).toBe("reviewer@1.0.0");
    expect(found("reviewer@2.0.0")).toBe("reviewer@2.0.0");
  });

  test("what there is not is refused with what there is", () => {
    const has = "reviewer@2.0.0, reviewer@1.0.0, writer";
    const refusal = (code: string) =>
      expect.objectContaining({ code, message: expect.stringContaining(has) });
    expect(() => found("reviewer@3")).toThrow(refusal("agent_version_unknown"));
    expect(() => found("reviewer@")).toThrow(refusal("agent_version_unknown"));
    expect(() => found("writer@1")).toThrow(refusal("agent_version_unknown"));
    expect(() => found("nobody@1.0.0")).toThrow(refusal("agent_unknown"));
    expect(() => found("")).toThrow(refusal("agent_unknown"));
    expect(() => findAgent([], undefined)).toThrow(expect.objectContaining({ code: "agent_unknown" }));
  });

  test("two of one name and version are refused", () => {
    expect(() => checkAgents(agents)).not.toThrow();
    const twice = () => checkAgents([...agents, agent({ name: "writer" })]);
    expect(twice).toThrow(expect.objectContaining({ code: "agent_name_taken" }));
  });
});
