import { readFileSync, writeFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { jsonLines, type PawlProcess, pawl } from "./pawl-process.ts";

const FIXTURE = join(import.meta.dirname, "fixtures", "slow-server.mjs");
const PROMPT = "call note with line=one then call hold with line=two then call note with line=three";

interface Place {
  readonly dir: string;
  readonly dataDir: string;
  readonly mcp: string;
  readonly journal: () => string[];
  readonly release: () => void;
}

const places: string[] = [];
const running: PawlProcess[] = [];
afterEach(async () => {
  for (const process of running.splice(0)) {
    if (process.child.exitCode === null && process.child.signalCode === null) await process.kill("SIGTERM");
  }
  for (const dir of places.splice(0)) await rm(dir, { recursive: true, force: true });
});

async function place(): Promise<Place> {
  const dir = await mkdtemp(join(tmpdir(), "pawl-journey-"));
  // As root PostgreSQL runs as another user, who must get through.
  await chmod(dir, 0o755);
  places.push(dir);
  const journal = join(dir, "journal.txt");
  const release = join(dir, "release");
  writeFileSync(journal, "");
  return {
    dir,
    dataDir: join(dir, "data"),
    mcp: `"${process.execPath}" "${FIXTURE}" "${journal}" "${release}"`,
    journal: () => readFileSync(journal, "utf8").split("\n").filter(Boolean),
    release: () => writeFileSync(release, ""),
  };
}

function start(args: readonly string[], at: Place): PawlProcess {
  const process = pawl(args, { cwd: at.dir, dataDir: at.dataDir });
  running.push(process);
  return process;
}

const runArgs = (at: Place) => ["run", PROMPT, "--session", "kill", "--json", "--mcp", at.mcp];

/** What a turn came to, without its ids and times. */
function story(lines: readonly Record<string, unknown>[]) {
  const last = lines.at(-1);
  const results = lines.flatMap((line) => (line.type === "tool.finished" ? [[line.name, line.result]] : []));
  return { outcome: last?.outcome, answer: last?.answer, usage: last?.usage, results };
}

async function undisturbed(): Promise<ReturnType<typeof story>> {
  const at = await place();
  at.release();
  const run = start(runArgs(at), at);
  expect(await run.ended, run.stderr()).toBe(0);
  expect(at.journal()).toEqual(["note one", "hold two", "note three"]);
  return story(jsonLines(run.stdout()));
}

async function untilHeld(at: Place): Promise<void> {
  await vi.waitFor(() => expect(at.journal()).toEqual(["note one", "hold two"]), {
    timeout: 60_000,
    interval: 50,
  });
}

describe("a turn survives kill -9 while the second of three tool calls runs (promises 1, 2, 6)", async () => {
  const calm = await undisturbed();

  it("and an undisturbed run does each call once", () => {
    expect(calm).toMatchObject({ outcome: "completed" });
    expect(calm.results).toHaveLength(3);
  });

  it("of the server: it finishes by itself after the restart, and the client that watched sees it through", async () => {
    const at = await place();
    const first = start(["serve", "--port", "0"], at);
    await first.says(/http:\/\/\S+/);
    const client = start(runArgs(at), at);
    await untilHeld(at);
    expect(await first.kill("SIGKILL")).toBe("SIGKILL");
    at.release();
    const port = /:(\d+)/.exec(first.stdout())?.[1] ?? "0";
    const second = start(["serve", "--port", port], at);
    await second.says(/http:\/\/\S+/);
    expect(await client.ended, client.stderr()).toBe(0);
    // The first call was recorded and is not made again; the second may be repeated, and was; the third happened once.
    expect(at.journal()).toEqual(["note one", "hold two", "hold two", "note three"]);
    expect(story(jsonLines(client.stdout()))).toEqual(calm);
    expect(await second.kill("SIGTERM")).toBe(0);
  }, 180_000);

  it("of the command line: whoever opens the data folder next finishes the turn", async () => {
    const at = await place();
    const first = start(runArgs(at), at);
    await untilHeld(at);
    const turnId = jsonLines(first.stdout()).find((line) => typeof line.turn_id === "string")?.turn_id;
    expect(await first.kill("SIGKILL")).toBe("SIGKILL");
    at.release();
    const watch = start(["watch", String(turnId), "--json"], at);
    expect(await watch.ended, watch.stderr()).toBe(0);
    expect(at.journal()).toEqual(["note one", "hold two", "hold two", "note three"]);
    expect(story(jsonLines(watch.stdout()))).toEqual(calm);
  }, 180_000);
});
