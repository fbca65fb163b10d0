import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EVERYTHING, jsonLines, makeFolder, pawl, type Server, startServer } from "./pawl-process.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
let server: Server | undefined;
let turnId: string;
beforeAll(async () => {
  folder = await makeFolder();
  server = await startServer(folder.path);
  const run = async (...args: string[]) => {
    const ended = await pawl(["run", ...here(), "--json", "--session", "s1", ...args]);
    return String(jsonLines(ended.stdout).at(-1)?.turn_id);
  };
  turnId = await run("call get-sum with a=17 b=25", "--mcp", EVERYTHING);
  await run("fail", "--mcp", "no-such-program");
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await folder.remove();
});

const here = () => ["--data-dir", folder.path];

describe.each(["on the server of the data folder", "in this process"] as const)(
  "%s",
  { timeout: 60_000 },
  (where) => {
    beforeAll(async () => {
      if (where !== "in this process") return;
      await server?.stop();
      server = undefined;
    });

    it("pawl sessions lists sessions, for people and as JSON", async () => {
      const text = await pawl(["sessions", ...here()]);
      expect([text.code, text.stderr]).toEqual([0, ""]);
      expect(text.stdout).toMatch(/^SESSION +STATE +MESSAGES +BEGUN +OPEN TURN\ns1 +idle +\d+ +\d+ s ago\n$/);
      const { sessions } = JSON.parse((await pawl(["sessions", ...here(), "--json"])).stdout);
      expect(sessions).toMatchObject([{ session_id: "s1", open_turn: null, blocked: null }]);
    });

    it("pawl turns lists the turns of a session with how they ended", async () => {
      const text = await pawl(["turns", "s1", ...here()]);
      expect(text.code).toBe(0);
      expect(text.stdout).toMatch(
        /^TURN +STATE +ACCEPTED +USAGE +PROMPT\nturn_\w+ +completed .*\nturn_\w+ +failed .*\n$/,
      );
      const newest = JSON.parse((await pawl(["turns", "s1", ...here(), "--json", "--limit", "1"])).stdout);
      expect(newest).toMatchObject({ session_id: "s1", turns: [{ state: "failed", prompt: "fail" }] });
    });

    it("pawl turn show tells every effect with attempts, outcome and cost", async () => {
      const text = await pawl(["turn", "show", turnId, ...here()]);
      expect(text.code).toBe(0);
      expect(text.stdout).toMatch(/^completed: It ended with an answer\./);
      expect(text.stdout).toMatch(/^1\.model_call\.0 +1 +tool_use +\$0$/m);
      expect(text.stdout).toMatch(/^1\.tool_call\.0 +1 +ok +get-sum \{"a":17,"b":25\}$/m);
      const shown = JSON.parse((await pawl(["turn", "show", turnId, ...here(), "--json"])).stdout);
      expect(shown).toMatchObject({
        turn_id: turnId,
        state: "completed",
        helps: [],
        result: { status: "completed" },
      });
      expect(shown.effects[1]).toMatchObject({
        kind: "tool_call",
        tool: "get-sum",
        attempts: 1,
        outcome: "ok",
      });
      const why = JSON.parse((await pawl(["turn", "show", turnId, ...here(), "--json", "--why"])).stdout);
      expect(why.effects).toBeUndefined();
    });

    it("pawl verify finds a chain whole, and names where it is not what was kept", async () => {
      const { code, stdout } = await pawl(["verify", "s1", ...here()]);
      expect(code).toBe(0);
      const [, anchor] = /^✓ intact: 2 receipts over \d+ messages\n.*--anchor (\w{64})\n$/.exec(stdout) ?? [];
      const again = await pawl(["verify", "s1", ...here(), "--anchor", String(anchor), "--json"]);
      expect(JSON.parse(again.stdout)).toMatchObject({ intact: true, head: anchor, broken: null });
      const other = await pawl(["verify", "s1", ...here(), "--anchor", "0".repeat(64)]);
      expect(other.code).toBe(1);
      expect(other.stdout).toContain("✗ broken at the end (anchor): The digest that was kept");
    });

    it.each([
      [["turns", "none"], "session_unknown"],
      [["verify", "none"], "session_unknown"],
      [["turn", "show", "turn_none"], "turn_unknown"],
    ])("pawl %j is an error with a code", async (args, code) => {
      const ended = await pawl([...args, ...here(), "--json"]);
      expect(ended.code).toBe(1);
      expect(JSON.parse(ended.stdout)).toMatchObject({ type: "error", code });
    });
  },
);

it.each([
  [["sessions", "--limit", "0"], "whole number from 1 to 500"],
  [["turns"], "missing required argument 'session'"],
  [["turn", "show"], "missing required argument 'turn'"],
  [["fork", "turn_1"], "required option '--at <ordinal>'"],
  [["fork", "turn_1", "--at", "-1"], "whole number from 0"],
])("pawl %j ends with 2 and a sentence", async (args, sentence) => {
  const { code, stderr } = await pawl(args);
  expect(code).toBe(2);
  expect(stderr).toContain(sentence);
});
