import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listedServer } from "./listed-server.ts";
import { makeFolder, pawl, type Server, startServer } from "./pawl-process.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
let server: Server | undefined;
let tools: ReturnType<typeof listedServer>;
const here = () => ["--data-dir", join(folder.path, "data")];
beforeAll(async () => {
  folder = await makeFolder();
  await mkdir(join(folder.path, "tools"));
  tools = listedServer(join(folder.path, "tools"));
});
afterAll(async () => {
  await server?.stop();
  await folder.remove();
});

describe("pawl mcp list", { timeout: 60_000 }, () => {
  it("shows servers and their tools under the names that a model sees", async () => {
    await tools.offers([
      { name: "look.up", description: "Looks up", annotations: { readOnlyHint: true } },
      { name: "send", description: "Sends" },
    ]);
    const text = await pawl(["mcp", "list", "--mcp", tools.command]);
    expect([text.code, text.stderr]).toEqual([0, ""]);
    expect(text.stdout).toMatch(/^\S+: listed 1\.2\.3 · MCP 20\S+ · cold, \d s ago · answered in [\d.]+ s\n/);
    expect(text.stdout).toMatch(/^look_up +look\.up +repeat +Looks up$/m);
    expect(text.stdout).toMatch(/^send +ask +Sends$/m);
  });

  it("prints JSON, and with 1 what cannot be reached", async () => {
    const args = ["mcp", "list", "--mcp", tools.command, "--mcp", "no-such-program", "--json"];
    const { code, stdout } = await pawl(args);
    expect(code).toBe(1);
    const { servers } = JSON.parse(stdout);
    expect(servers).toHaveLength(2);
    expect(servers).toContainEqual(
      expect.objectContaining({
        origin: "cold",
        protocol_version: expect.stringMatching(/^20/),
        implementation: { name: "listed", version: "1.2.3" },
        latency_ms: expect.any(Number),
        age_ms: expect.any(Number),
        error: null,
        tools: [
          expect.objectContaining({ name: "look_up", original_name: "look.up", on_crash: "retry" }),
          expect.objectContaining({ name: "send", original_name: "send", on_crash: "ask" }),
        ],
      }),
    );
    expect(servers).toContainEqual(
      expect.objectContaining({
        origin: "unavailable",
        error: expect.objectContaining({ code: "mcp_command_not_found" }),
        tools: [],
      }),
    );
  });

  it.each([
    [[], "Name the servers"],
    [["--mcp", '"unbalanced'], "quot"],
  ])("with %j ends with an error and a sentence", async (args, sentence) => {
    const { code, stderr, stdout } = await pawl(["mcp", "list", ...args]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(sentence);
  });
});

describe("pawl mcp diff", { timeout: 60_000 }, () => {
  beforeAll(async () => {
    server = await startServer(join(folder.path, "data"));
    await tools.offers([{ name: "look" }, { name: "send", description: "Sends" }, { name: "gone" }]);
    const run = ["run", ...here(), "--session", "s1", "call look", "--mcp", tools.command];
    const { code, stderr } = await pawl(run);
    expect(code, stderr).toBe(0);
    await pawl(["run", ...here(), "--session", "none", "Hello"]);
    // This turn is shown no tools, and nothing is compared with it.
    await pawl(["run", ...here(), "--session", "s1", "Hello", "--mcp", "no-such-program"]);
  }, 60_000);

  it("finds nothing changed, with the servers of that turn", async () => {
    const { code, stdout, stderr } = await pawl(["mcp", "diff", "s1", ...here()]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^The tools are as turn turn_\w+ was shown them\.\n$/);
  });

  it("names what was added, taken away and changed, and ends with 1", async () => {
    await tools.offers([
      { name: "look" },
      { name: "send", description: "Sends and deletes" },
      { name: "new" },
    ]);
    const text = await pawl(["mcp", "diff", "s1", ...here()]);
    expect(text.code).toBe(1);
    expect(text.stdout).toMatch(/^\+ new of \S+\n- gone of \S+\n~ send of \S+: description\n$/);
    const json = await pawl(["mcp", "diff", "s1", ...here(), "--json", "--mcp", tools.command]);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      session_id: "s1",
      added: [{ name: "new" }],
      removed: [{ name: "gone" }],
      changed: [
        {
          name: "send",
          members: ["description"],
          before: { description: "Sends" },
          after: { description: "Sends and deletes" },
        },
      ],
    });
  });

  it.each([
    [["none"], "mcp_tools_absent"],
    [["nobody"], "session_unknown"],
    [["s1", "--mcp", "no-such-program"], "mcp_command_not_found"],
  ])("of %j is an error with a code", async (args, code) => {
    const ended = await pawl(["mcp", "diff", ...args, ...here(), "--json"]);
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({ type: "error", code });
  });
});
