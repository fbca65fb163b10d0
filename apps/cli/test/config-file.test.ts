import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonLines, makeFolder, pawl, startPawl } from "./pawl-process.ts";

// Nothing is installed in this folder: what the file imports comes with the program.
const folder = await makeFolder();
const inside = join(folder.path, "src", "deep");
const data = join(folder.path, "data");
beforeAll(async () => {
  await mkdir(inside, { recursive: true });
  await writeFile(
    join(folder.path, "pawl.config.ts"),
    `
import { agent, defineConfig, tool } from "pawl";
import { z } from "zod";

type Money = { readonly cents: number };
const refund = tool({
  description: "Refund a customer",
  input: z.object({ cents: z.number().int() }),
  execute: ({ cents }: Money) => ({ refunded: cents }),
});

export default defineConfig({
  agents: [
    agent({ name: "clerk", version: "2", instructions: "Be kind." }),
    agent({ name: "clerk", version: "1" }),
  ],
  tools: { refund },
  approvals: { refund: ({ cents }) => cents > 5000 },
  model: "offline",
});
`,
  );
});
afterAll(() => folder.remove());

const here = (args: readonly string[]) => pawl([...args], { cwd: inside });
const inFile = async (name: string, text: string) => {
  await writeFile(join(folder.path, name), text);
  return pawl(["config", "--config", join(folder.path, name), "--json"]);
};

describe("pawl.config.ts", () => {
  it("is found from below, and is shown with what it brings", async () => {
    const { code, stdout } = await here(["config", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      PAWL_CONFIG: { value: expect.stringMatching(/pawl\.config\.ts$/), origin: "found" },
      PAWL_MODEL: { value: "offline", origin: "file" },
      agents: { value: "clerk@2, clerk@1", origin: "file" },
      tools: { value: "refund", origin: "file" },
      approvals: { value: "refund", origin: "file" },
    });
    expect((await here(["config"])).stdout).toMatch(/pawl\.config\.ts brings:\n {2}agents +clerk@2, clerk@1/);
  });

  it("gives a turn its agents and tools, without a server and with one", { timeout: 60_000 }, async () => {
    const run = ["run", "--json", "--data-dir", data, "call refund with cents=100"];
    const alone = await here(run);
    expect(alone.stderr).toBe("");
    expect(jsonLines(alone.stdout).at(-1)).toMatchObject({ outcome: "completed" });

    const server = startPawl(["serve", "--port", "0", "--data-dir", data], { cwd: inside });
    await server.says(/ready at/);
    const older = await here([...run, "--agent", "clerk@1"]);
    expect(jsonLines(older.stdout).at(-1)).toMatchObject({ outcome: "completed" });
    const big = await here(["run", "--json", "--data-dir", data, "call refund with cents=9000"]);
    expect(big.code).toBe(3);
    expect(jsonLines(big.stdout).at(-1)).toMatchObject({ outcome: "waiting" });
    const unknown = await here([...run, "--agent", "clerk@3"]);
    expect(jsonLines(unknown.stdout).at(-1)).toMatchObject({ outcome: "failed" });
    expect(unknown.stdout).toContain("agent_version_unknown");
    server.child.kill("SIGTERM");
    expect((await server.ended).code).toBe(0);
  });

  it.each([
    ["throws.ts", "throw new Error('no luck');", "config_file_unloadable", /no luck/],
    ["enum.ts", "enum A { B } export default {};", "config_file_unloadable", /enums/],
    ["missing.ts", 'import "nothing-of-this-name"; export default {};', "config_file_unloadable", /Install/],
    ["nothing.ts", "export const a = 1;", "config_file_invalid", /export default defineConfig/],
    [
      "wrong.ts",
      "export default { model: 1, agents: {} };",
      "config_file_invalid",
      /agents must.*model must/s,
    ],
  ])("%s is refused with what is wrong and what to do", async (name, text, code, message) => {
    const refused = await inFile(name, text);
    expect(refused.code).toBe(2);
    expect(jsonLines(refused.stdout)).toEqual([
      { type: "error", code, message: expect.stringMatching(message) },
    ]);
  });

  it("that was named and is not there is refused, before and behind the command", async () => {
    for (const args of [
      ["--config", "nix.ts", "sessions", "--json"],
      ["sessions", "--json", "--config", "nix.ts"],
    ]) {
      const refused = await here(args);
      expect(refused.code).toBe(2);
      expect(jsonLines(refused.stdout)).toEqual([expect.objectContaining({ code: "config_file_missing" })]);
    }
  });
});
