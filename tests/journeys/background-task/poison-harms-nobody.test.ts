import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { backgroundTask, createHost } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import { startTestPostgres } from "@pawl/test-postgres";
import { scriptedModel } from "@pawl/testing";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { JOURNEY_SECRET } from "../journey-secret.ts";

const WORKER = fileURLToPath(new URL("poison-process.ts", import.meta.url));
const TASKS = 200;
/** In the middle: those before it made the worker claim ahead. */
const POISON = 100;
const MAX_ATTEMPTS = 5;

test("D17 a body that kills its process each time uses up its own attempts, and everything beside it completes", {
  timeout: 120_000,
}, async () => {
  // Nothing here kills the database, so its disk need not be waited for.
  const database = await startTestPostgres({ fsync: false });
  onTestFinished(() => database.stop());
  const store = postgresStore({ url: database.url, poolSize: 4, acceptDataLoss: true });
  const host = createHost({ store, model: scriptedModel([]), secret: JOURNEY_SECRET });
  onTestFinished(async () => {
    await host.stop();
    await store.close();
  });
  const numbered = backgroundTask({ name: "numbered", input: z.object({ n: z.number() }), run: () => null });
  const ids: string[] = [];
  for (let n = 0; n < TASKS; n++) ids.push((await host.tasks.start(numbered, { n })).id);

  const begun = new Map<number, number>();
  /** A worker until it is killed by its body, or until `over`. */
  async function work(over: Promise<unknown>): Promise<NodeJS.Signals | null> {
    const child = spawn(process.execPath, [WORKER, database.url, "worker", `${POISON}`], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    void over.then(() => child.stdin.end());
    const [, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    for (const line of said.split("\n").filter((line) => line !== "")) {
      begun.set(Number(line), (begun.get(Number(line)) ?? 0) + 1);
    }
    return signal;
  }

  const results = Promise.all(ids.map((id) => host.tasks.result(id)));
  let kills = 0;
  while ((await work(results)) === "SIGKILL") {
    kills += 1;
    expect(kills, "it is bounded").toBeLessThanOrEqual(MAX_ATTEMPTS);
  }
  expect([kills, begun.get(POISON)]).toEqual([MAX_ATTEMPTS, MAX_ATTEMPTS]);
  const ended = await results;
  expect(ended[POISON]).toMatchObject({ status: "failed", code: "process_attempts_exhausted" });
  expect(ended.filter(({ status }) => status === "completed")).toHaveLength(TASKS - 1);

  const behind = await Promise.all(ids.slice(POISON + 1).map((id) => host.tasks.get(id)));
  const lost = behind.map(({ attempts }, index) => attempts - (begun.get(POISON + 1 + index) ?? 0));
  // Those that shared a claim's places with it; what was claimed ahead lost one at most, and most of them nothing.
  expect(lost.filter((count) => count > 1).length).toBeLessThan(16);
});
