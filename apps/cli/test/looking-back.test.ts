import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { standard } from "@pawl/core";
import { replayTurn } from "@pawl/effects/turn-driver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EVERYTHING, jsonLines, makeFolder, pawl, type Server, startServer } from "./pawl-process.ts";

const RECORD = fileURLToPath(new URL("./fixtures/turn-record-v1.json", import.meta.url));
const SECRET = "sk-a-secret-that-nobody-may-see-01";

let folder: Awaited<ReturnType<typeof makeFolder>>;
let server: Server | undefined;
let turnId: string;
beforeAll(async () => {
  folder = await makeFolder();
  server = await startServer(folder.path);
  const prompt = `call echo with message=${SECRET} then call toggle-simulated-logging`;
  const run = await pawl(["run", ...here(), "--json", "--session", "s1", prompt, "--mcp", EVERYTHING]);
  expect(run.code, run.stderr).toBe(0);
  turnId = String(jsonLines(run.stdout).at(-1)?.turn_id);
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await folder.remove();
});

const here = () => ["--data-dir", folder.path];
const file = (name: string) => join(folder.path, name);

describe("pawl export and pawl replay (promise 5, D26)", { timeout: 60_000 }, () => {
  it("write a file without credentials, which replays without a server, a database or a model", async () => {
    const path = file("turn.json");
    const exported = await pawl(["export", turnId, ...here(), "--out", path]);
    expect([exported.code, exported.stdout]).toEqual([0, ""]);
    expect(exported.stderr).toContain(`pawl replay ${path}`);
    const text = await readFile(path, "utf8");
    expect(text).not.toContain(SECRET);
    expect(await replayTurn(JSON.parse(text), standard())).toMatchObject({ identical: true, performed: 0 });
    // A folder where nothing could be opened.
    const replayed = await pawl(["replay", path, "--json", "--data-dir", path]);
    expect([replayed.code, replayed.stderr]).toEqual([0, ""]);
    expect(JSON.parse(replayed.stdout)).toMatchObject({
      identical: true,
      performed: 0,
      inputs: 9,
      effects: 8,
      outcome: { status: "completed" },
      differences: [],
    });
  });

  it("write to stdout, and read from stdin", async () => {
    const exported = await pawl(["export", turnId, ...here()]);
    expect([exported.code, exported.stderr]).toEqual([0, ""]);
    const { code, stdout } = await pawl(["replay", "-"], { stdin: exported.stdout });
    expect(code).toBe(0);
    expect(stdout).toBe("✓ identical: 9 inputs, 8 effects, nothing performed; the turn completed\n");
  });

  it("replay a turn of the store by its id", async () => {
    const { code, stdout } = await pawl(["replay", turnId, ...here(), "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ identical: true, performed: 0, effects: 8 });
  });

  it("read what version 1 wrote, in the command line and in a test without a model", async () => {
    const record = JSON.parse(await readFile(RECORD, "utf8"));
    expect(await replayTurn(record, standard())).toMatchObject({ identical: true, performed: 0 });
    expect((await pawl(["replay", RECORD])).code).toBe(0);
  });

  it("end with 1 and name what differs, for a record that was changed", async () => {
    const path = file("changed.json");
    await writeFile(
      path,
      (await readFile(RECORD, "utf8")).replaceAll("is 42", "is 43").replace("is 43", "is 42"),
    );
    const { code, stdout } = await pawl(["replay", path, "--json"]);
    const report = JSON.parse(stdout);
    expect(code).toBe(1);
    expect(report).toMatchObject({ identical: false, performed: 0 });
    expect(report.differences.length).toBeGreaterThan(0);
    const text = await pawl(["replay", path]);
    expect(text.code).toBe(1);
    expect(text.stdout).toContain(`✗ different: 9 inputs, 8 effects, nothing performed. What differs:\n  `);
  });

  it.each([
    ["a file that is not there", () => file("no.json"), "file_unusable", "there is no such file"],
    ["a folder", () => folder.path, "file_unusable", "it is a folder"],
    ["text", () => write("text.json", "hello"), "record_invalid", "It is not JSON"],
    ["other JSON", () => write("other.json", '{"a":1}'), "record_invalid", "not the record of a turn"],
    ["a newer version", () => changed("newer.json", { version: 2 }), "record_invalid", "has version 2"],
    [
      "a damaged row",
      () => changed("rows.json", { rows: [{ seq: 1 }] }),
      "record_invalid",
      "cannot be read at",
    ],
    [
      "another protocol",
      () => changed("protocol.json", {}, { protocol: "code" }),
      "record_invalid",
      '"code"',
    ],
  ])("refuse %s with a code and a sentence", async (_, path, code, sentence) => {
    const ended = await pawl(["replay", await path(), "--json"]);
    expect(ended.code).toBe(2);
    expect(JSON.parse(ended.stdout)).toMatchObject({ type: "error", code });
    expect(ended.stderr).toContain(sentence);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it("refuse a turn that is not there, and a place that cannot be written", async () => {
    for (const verb of ["replay", "export"]) {
      const { code, stderr, stdout } = await pawl([verb, "turn_none", ...here()]);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain('There is no turn "turn_none"');
    }
    const { code, stderr } = await pawl(["export", turnId, ...here(), "--out", folder.path]);
    expect(code).toBe(2);
    expect(stderr).toContain("cannot be written: it is a folder");
  });
});

async function write(name: string, text: string): Promise<string> {
  await writeFile(file(name), text);
  return file(name);
}

async function changed(name: string, members: object, config: object = {}): Promise<string> {
  const record = JSON.parse(await readFile(RECORD, "utf8"));
  return write(name, JSON.stringify({ ...record, ...members, config: { ...record.config, ...config } }));
}

describe("pawl fork", { timeout: 60_000 }, () => {
  it("runs dry, and says which calls were not made", async () => {
    const { code, stdout } = await pawl(["fork", turnId, "--at", "0", ...here()]);
    expect(code).toBe(0);
    expect(stdout).toContain("✓ echo: Echo:");
    expect(stdout).toContain(
      "These calls were not made; --live makes them:\n  toggle-simulated-logging {}\n",
    );
    expect(stdout).toMatch(/— completed in .*session fork_\w+ · turn turn_\w+\n$/);
    const json = await pawl(["fork", turnId, "--at", "0", ...here(), "--json", "--session", "mine"]);
    const lines = jsonLines(json.stdout);
    expect(lines[0]).toMatchObject({ type: "turn.accepted", session_id: "mine" });
    expect(lines.slice(-2)).toMatchObject([
      { type: "fork.dry", not_made: [{ tool: "toggle-simulated-logging", input: {} }] },
      { type: "turn.finished", session_id: "mine", outcome: "completed" },
    ]);
  });

  it("shares what came before and makes the rest anew with --live", async () => {
    const { code, stdout } = await pawl(["fork", turnId, "--at", "3", ...here(), "--live", "--json"]);
    expect(code).toBe(0);
    const results = jsonLines(stdout).filter(({ type }) => type === "tool.finished");
    expect(results).toMatchObject([
      { name: "echo", result: { status: "ok" } },
      { name: "toggle-simulated-logging", result: { status: "ok" } },
    ]);
    expect(stdout).not.toContain("fork.dry");
  });

  it("says another thing at the beginning", async () => {
    const args = ["fork", turnId, "--at", "0", "--prompt", "call echo with message=other", "--quiet"];
    const { code, stdout } = await pawl([...args, ...here()]);
    expect([code, stdout]).toEqual([0, 'echo answered "Echo: other".\n']);
  });

  it.each([
    [["--at", "99"], "fork_out_of_range", "has the ordinals 0 to 8"],
    [["--at", "2", "--prompt", "x"], "fork_prompt_too_late", "at ordinal 0 only"],
    [["--at", "0", "--session", "s1"], "fork_session_taken", 'There is a session "s1" already'],
  ])("refuses %j", async (args, code, sentence) => {
    const ended = await pawl(["fork", turnId, ...args, ...here(), "--json"]);
    expect(ended.code).toBe(2);
    expect(jsonLines(ended.stdout)).toMatchObject([{ type: "error", code }]);
    expect(ended.stderr).toContain(sentence);
  });

  it("works in this process too, when no server runs", async () => {
    await server?.stop();
    server = undefined;
    const { code, stdout } = await pawl(["fork", turnId, "--at", "3", ...here(), "--json"]);
    expect(code).toBe(0);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ outcome: "completed" });
    const forked = String(jsonLines(stdout).at(-1)?.turn_id);
    const replayed = await pawl(["replay", forked, ...here(), "--json"]);
    expect(JSON.parse(replayed.stdout)).toMatchObject({ identical: true, performed: 0 });
  });
});
