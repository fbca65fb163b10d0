import { agent, tool } from "@pawl/core";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { checkConfig } from "../../src/config-file/check-config.ts";
import { fileValues } from "../../src/config-file/file-values.ts";
import { defineConfig } from "../../src/define-config.ts";

const refund = tool({
  description: "Refund a customer",
  input: z.object({ cents: z.number().int() }),
  execute: ({ cents }) => ({ cents }),
});
const whole = defineConfig({
  agents: [agent({ name: "clerk", version: "1" }), agent({ name: "clerk", version: "2" })],
  tools: { refund },
  approvals: { refund: ({ cents }) => cents > 5000 },
  store: memoryStore(),
  model: scriptedModel([]),
  secret: "k1:hush",
  receiptKey: "hush too",
  outbox: { mail: () => undefined },
  concurrency: 4,
});

describe("a configuration", () => {
  it("may be whole, or empty", () => {
    expect(checkConfig(whole)).toEqual({ config: whole, warnings: [] });
    expect(checkConfig({})).toEqual({ config: {}, warnings: [] });
  });

  it("is shown without its secrets", () => {
    const values = Object.fromEntries(
      fileValues({ config: whole as never, path: "", warnings: [] }).map(({ name, value }) => [name, value]),
    );
    expect(values).toMatchObject({
      agents: "clerk@1, clerk@2",
      tools: "refund",
      store: "memory",
      outbox: "mail",
      concurrency: "4",
    });
    expect(JSON.stringify(values)).not.toContain("hush");
  });

  it("is told everything that is wrong with its parts at once", () => {
    const problems = (
      checkConfig({
        agents: ["clerk"],
        tools: { refund: () => 1 },
        store: "postgres",
        model: 5,
        approvals: { refund: true },
        tasks: {},
        outbox: { mail: "me@example.org" },
        concurrency: 0,
      }) as { problems: readonly string[] }
    ).problems;
    for (const key of [
      "agents.0",
      "tools.refund",
      "store",
      "model",
      "approvals.refund",
      "tasks",
      "outbox.mail",
      "concurrency",
    ]) {
      expect(problems).toContainEqual(expect.stringMatching(new RegExp(`^${key} must`)));
    }
    expect(problems).toHaveLength(8);
  });

  it.each([
    [{ tools: { "not a name": refund } }, /cannot be the name of a tool/],
    [{ agents: [agent({ name: "a" }), agent({ name: "a" })] }, /Two agents are called "a"/],
    // Misspelt, it would let every refund through.
    [{ tools: { refund }, approvals: { refnud: () => true } }, /approvals.refnud .* It has: refund\./],
    [undefined, /export default defineConfig/],
    [[], /export default defineConfig/],
  ])("that disagrees with itself is refused: %#", (exported, problem) => {
    expect(checkConfig(exported)).toEqual({ problems: [expect.stringMatching(problem)] });
  });

  it("is warned of what means nothing", () => {
    expect(checkConfig({ agnets: [] })).toMatchObject({ warnings: [expect.stringContaining("`agnets`")] });
  });
});
