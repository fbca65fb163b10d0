import { readFileSync, writeFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { canonicalJson, loadJsonDigest, verifyReceipt } from "@pawl/core";
import { readConfig } from "@pawl/server";
import { openRuntime } from "@pawl/server/runtime";
import { recordingLogger } from "@pawl/testing";
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

/** What a turn came to, without its ids and times: as it was told, and as it is stored. */
async function story(lines: readonly Record<string, unknown>[], at: Place) {
  const last = lines.at(-1);
  const results = lines.flatMap((line) => (line.type === "tool.finished" ? [[line.name, line.result]] : []));
  return {
    told: { outcome: last?.outcome, answer: last?.answer, usage: last?.usage, results },
    stored: await stored(at),
  };
}

/** Transcript and receipts of the session, read when all processes of the test are gone; every digest is verified. */
async function stored({ dataDir }: Place) {
  const config = readConfig({ env: { PAWL_DATA_DIR: dataDir, PAWL_MODEL: "offline" } });
  const runtime = await openRuntime(config, { logger: recordingLogger() });
  try {
    const session = runtime.host.session("kill");
    const digest = await loadJsonDigest();
    const [input] = await session.inputs();
    const receipts = await session.receipts();
    expect(receipts.map((receipt) => verifyReceipt(receipt, [input?.digest ?? ""], digest))).toEqual([true]);
    const turnId = receipts[0]?.runId ?? "";
    const name = turnId.replace(/^turn_/, "");
    const text = canonicalJson({
      transcript: await session.transcript(),
      // The digests differ with the ids; that they fit was checked above.
      receipts: receipts.map(({ digest: _digest, deltaDigest: _delta, ...facts }) => facts),
    });
    return JSON.parse(text.replaceAll(name, "ID"));
  } finally {
    await runtime.close();
  }
}

async function undisturbed() {
  const at = await place();
  at.release();
  const run = start(runArgs(at), at);
  expect(await run.ended, run.stderr()).toBe(0);
  expect(at.journal()).toEqual(["note one", "hold two", "note three"]);
  return story(jsonLines(run.stdout()), at);
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
    expect(calm.told).toMatchObject({ outcome: "completed" });
    expect(calm.told.results).toHaveLength(3);
    expect(calm.stored.transcript.map(({ role }: { role: string }) => role)).toEqual([
      "user",
      ...["assistant", "tool"],
      ...["assistant", "tool"],
      ...["assistant", "tool"],
      "assistant",
    ]);
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
    expect(await second.kill("SIGTERM")).toBe(0);
    expect(await story(jsonLines(client.stdout()), at)).toEqual(calm);
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
    expect(await story(jsonLines(watch.stdout()), at)).toEqual(calm);
  }, 180_000);
});
