import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeFolder, type PawlProcess, pawl, startPawl } from "./pawl-process.ts";

const folder = await makeFolder();
let server: PawlProcess;
const here = (args: readonly string[]) =>
  pawl([...args, "--data-dir", join(folder.path, "data")], { cwd: folder.path });
beforeAll(async () => {
  await writeFile(
    join(folder.path, "pawl.config.ts"),
    `
import { backgroundTask, defineConfig } from "pawl";
import { z } from "zod";

const greet = backgroundTask({
  name: "greet",
  input: z.object({ whom: z.string() }),
  signals: { go: z.object({ by: z.string() }) },
  async run({ whom }, { signals }) {
    const { by } = await signals.next("go");
    return by + " greets " + whom;
  },
});
export default defineConfig({ tasks: [greet], model: "offline" });
`,
  );
  server = startPawl(["serve", "--port", "0", "--data-dir", join(folder.path, "data")], { cwd: folder.path });
  await server.says(/ready at/);
}, 60_000);
afterAll(async () => {
  server.child.kill("SIGTERM");
  await server.ended;
  await folder.remove();
});

describe("background tasks", { timeout: 60_000 }, () => {
  it("are started, listed, signalled and awaited", async () => {
    const started = await here([
      "tasks",
      "start",
      "greet",
      "--input",
      '{"whom":"Oslo"}',
      "--session",
      "s1",
      "--json",
    ]);
    expect(started.code, started.stderr).toBe(0);
    const { task_id: id } = JSON.parse(started.stdout);
    const { tasks } = JSON.parse((await here(["tasks", "list", "--json"])).stdout);
    expect(tasks).toMatchObject([{ task_id: id, name: "greet", sessions: ["s1"] }]);
    expect((await here(["tasks", "list"])).stdout).toContain("greet");
    const awaiting = startPawl(["tasks", "await", id, "--data-dir", join(folder.path, "data")], {
      cwd: folder.path,
    });
    const signalled = await here(["tasks", "signal", id, "go", "--payload", '{"by":"ana"}', "--json"]);
    expect(JSON.parse(signalled.stdout)).toMatchObject({ type: "task.signalled", ordinal: 1 });
    const ended = await awaiting.ended;
    expect([ended.code, ended.stdout]).toEqual([0, '"ana greets Oslo"\n']);
    expect((await here(["tasks", "list"])).stdout).toBe("There are no background tasks.\n");
    const shown = JSON.parse((await here(["tasks", "show", id])).stdout);
    expect(shown).toMatchObject({ status: "completed", result: { output: "ana greets Oslo" } });
    expect((await here(["tasks", "list", "--all"])).stdout).toContain("completed");
  });

  it("are asked for their end", async () => {
    const { task_id: id } = JSON.parse(
      (await here(["tasks", "start", "greet", "--input", '{"whom":"x"}', "--json"])).stdout,
    );
    expect((await here(["tasks", "cancel", id, "--reason", "enough"])).code).toBe(0);
    const ended = await here(["tasks", "await", id, "--json"]);
    expect([ended.code, JSON.parse(ended.stdout)]).toMatchObject([
      130,
      { type: "task.ended", status: "cancelled" },
    ]);
    const late = await here(["tasks", "cancel", id, "--json"]);
    expect([late.code, JSON.parse(late.stdout)]).toMatchObject([1, { code: "process_ended" }]);
  });

  it("are moved to another session, and lose a session that is done with them; they go on", async () => {
    const start = async (whom: string) =>
      JSON.parse(
        (
          await here([
            "tasks",
            "start",
            "greet",
            "--input",
            JSON.stringify({ whom }),
            "--session",
            "from",
            "--json",
          ])
        ).stdout,
      ).task_id as string;
    const [one, two] = [await start("one"), await start("two")];
    const moved = await here(["tasks", "transfer", one, "--from", "from", "--to", "to", "--json"]);
    expect([moved.code, JSON.parse(moved.stdout)]).toMatchObject([
      0,
      { type: "tasks.transferred", moved: [one], stayed: [] },
    ]);
    const again = await here(["tasks", "transfer", one, "--from", "from", "--to", "to"]);
    expect([again.code, again.stdout]).toEqual([1, `Session from did not see ${one}; nothing was moved.\n`]);
    const deleted = await here(["tasks", "delete-session", "from", "--json"]);
    expect([deleted.code, JSON.parse(deleted.stdout)]).toMatchObject([
      0,
      { type: "tasks.session_deleted", session: "from", revoked: [two], unseen: [two] },
    ]);
    expect((await here(["tasks", "delete-session", "from"])).stdout).toBe("It saw no background tasks.\n");
    for (const id of [one, two]) {
      const shown = JSON.parse((await here(["tasks", "show", id])).stdout);
      expect(shown).toMatchObject({ status: "running", sessions: id === one ? ["to"] : [] });
      expect((await here(["tasks", "cancel", id])).code).toBe(0);
      expect((await here(["tasks", "await", id])).code).toBe(130);
    }
  });

  it.each([
    [["tasks", "show", "ghost"], 1, 'no background task "ghost"'],
    [["tasks", "start", "ghost"], 1, 'no background task "ghost"'],
    [["tasks", "start", "greet", "--input", "{"], 2, "--input must be JSON"],
    [["tasks", "signal", "ghost", "go", "--payload", "{"], 2, "--payload must be JSON"],
  ])("pawl %j ends with %i and a sentence", async (args, code, sentence) => {
    const ended = await here(args);
    expect([ended.code, ended.stdout]).toEqual([code, ""]);
    expect(ended.stderr).toContain(sentence);
  });
});
