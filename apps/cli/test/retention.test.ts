import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonLines, makeFolder, pawl, type Server, startServer } from "./pawl-process.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
let server: Server | undefined;
const turns: { [session: string]: string } = {};
beforeAll(async () => {
  folder = await makeFolder();
  server = await startServer(folder.path);
  for (const session of ["here", "there"]) {
    const run = await pawl(["run", ...place(), "--json", "--session", session, "say hi"]);
    turns[session] = String(jsonLines(run.stdout).at(-1)?.turn_id);
  }
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await folder.remove();
});

const place = () => ["--data-dir", folder.path];

describe.each(["there", "here"] as const)(
  "what deletes, on the server of the data folder (there) and in this process (here): %s",
  { timeout: 120_000 },
  (session) => {
    beforeAll(async () => {
      if (session !== "here") return;
      await server?.stop();
      server = undefined;
    });

    it("pawl prune leaves what is young, and counts before it deletes", async () => {
      const young = await pawl(["prune", ...place()]);
      expect([young.code, young.stderr]).toEqual([0, ""]);
      expect(young.stdout).toMatch(/^There is nothing to prune from before \d{4}-\d\d-\d\dT.*Z\.\n$/);
      const only = ["--older-than", "0s", "--only", "turns"];
      const dry = JSON.parse((await pawl(["prune", ...only, "--dry-run", "--json", ...place()])).stdout);
      expect(dry).toMatchObject({ dry_run: true });
      const turns = dry.counts.turns as number;
      // What was pruned on the server is not there any more in this process.
      expect(turns).toBe(session === "there" ? 2 : 0);
      const done = await pawl(["prune", ...only, ...place()]);
      expect(done.stdout).toMatch(
        turns > 0 ? /^Pruned, from before .*:\n +2 logs of turns\n$/ : /^There is nothing/,
      );
      const replay = await pawl([
        "replay",
        turns > 0 ? String(turnOf(session)) : String(turnOf("there")),
        ...place(),
      ]);
      expect(replay.code).toBe(1);
      expect(replay.stderr).toMatch(turns > 0 ? /was pruned/ : /There is no turn/);
    });

    it("pawl erase needs a word where there is no terminal", async () => {
      const refused = await pawl(["erase", session, "--json", ...place()]);
      expect(refused.code).toBe(2);
      expect(refused.stdout + refused.stderr).toMatch(/confirmation_needed/);
      expect((await pawl(["verify", session, ...place()])).stdout).toMatch(/intact/);
    });

    it("pawl erase erases, verify says so and walks what is left, and the id is used up", async () => {
      const before = JSON.parse((await pawl(["verify", session, "--json", ...place()])).stdout);
      const erased = await pawl(["erase", session, "--yes", ...place()]);
      expect([erased.code, erased.stderr]).toEqual([0, ""]);
      expect(erased.stdout).toMatch(
        new RegExp(`^Session ${session} is erased\\. .* 1 digest of receipts outlives it`),
      );
      const verified = await pawl(["verify", session, "--anchor", before.head, ...place()]);
      expect(verified.code).toBe(0);
      expect(verified.stdout).toMatch(
        /was erased at .*Z\. ✓ intact: the chain of 1 digest that is left of its receipts\.\n$/,
      );
      const other = await pawl(["verify", session, "--json", "--anchor", "0".repeat(64), ...place()]);
      expect(other.code).toBe(1);
      expect(JSON.parse(other.stdout)).toMatchObject({ intact: false, broken: { part: "anchor" } });
      const again = JSON.parse((await pawl(["erase", session, "--yes", "--json", ...place()])).stdout);
      expect(again).toMatchObject({ session_id: session, receipts: 1, head: before.head });
      const run = await pawl(["run", "--session", session, "--json", ...place(), "say hi"]);
      expect([run.code, run.stdout + run.stderr]).toEqual([
        1,
        expect.stringContaining("session_not_accepting"),
      ]);
      const { sessions } = JSON.parse((await pawl(["sessions", "--json", ...place()])).stdout);
      expect(sessions.map((one: { session_id: string }) => one.session_id)).not.toContain(session);
    });

    it("a session that never was is an error", async () => {
      const refused = await pawl(["erase", "nobody", "--yes", "--json", ...place()]);
      expect(refused.code).toBe(1);
      expect(refused.stdout + refused.stderr).toMatch(/session_unknown/);
    });
  },
);

function turnOf(session: string): string | undefined {
  return turns[session];
}

describe("wrong arguments", () => {
  it.each([
    [["prune", "--older-than", "30"], /45m, 12h or 30d/],
    [["prune", "--only", "receipts"], /one of text, turns/],
    [["erase"], /session/],
  ])("%j are refused with what is meant", async (args, message) => {
    const refused = await pawl(args);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(message);
  });
});
