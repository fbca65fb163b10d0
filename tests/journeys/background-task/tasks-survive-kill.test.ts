import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { backgroundTask, createHost } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import { startTestPostgres } from "@pawl/test-postgres";
import { scriptedModel } from "@pawl/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { z } from "zod";
import { JOURNEY_SECRET } from "../journey-secret.ts";

const WORKER = fileURLToPath(new URL("worker-process.ts", import.meta.url));
const PATIENCE = { timeout: 30_000, interval: 50 };

interface Worker {
  readonly child: ChildProcess;
  said(): readonly string[];
}

function startWorker(url: string, nodeId: string): Worker {
  const child = spawn(process.execPath, [WORKER, url, nodeId], { stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, said: () => output.split("\n").filter((line) => line !== "") };
}

// As the workers have them: who only starts them needs no body.
const body = () => Promise.reject(new Error("This process runs none."));
const rerunnable = backgroundTask({
  name: "rerunnable",
  input: z.object({ rows: z.number() }),
  signals: { approve: z.object({ by: z.string() }) },
  run: body,
});
const bound = backgroundTask({ name: "bound", input: z.null(), disposition: "owner_bound", run: body });

test("D14 a killed worker's background task goes on elsewhere without its recorded steps, an owner-bound one is abandoned", {
  timeout: 90_000,
}, async () => {
  // Nothing here kills the database, so its disk need not be waited for.
  const database = await startTestPostgres({ fsync: false });
  onTestFinished(() => database.stop());
  const store = postgresStore({ url: database.url, poolSize: 2, acceptDataLoss: true });
  const host = createHost({ store, model: scriptedModel([]), secret: JOURNEY_SECRET });
  onTestFinished(async () => {
    await host.stop();
    await store.close();
  });
  const first = await host.tasks.start(rerunnable, { rows: 3 }, { session: "s1" });
  const second = await host.tasks.start(bound, null, { session: "s1" });
  const results = Promise.all([host.tasks.result(first.id), host.tasks.result(second.id)]);

  const a = startWorker(database.url, "worker-a");
  await vi.waitFor(() => {
    expect([...a.said()].sort()).toEqual(["bound", "read", "ready", "write in attempt 1"]);
  }, PATIENCE);
  a.child.kill("SIGKILL");
  await once(a.child, "exit");

  const b = startWorker(database.url, "worker-b");
  await host.tasks.signal(first.id, "approve", { by: "ana" });
  const [completed, abandoned] = await results;
  expect(completed).toEqual({ status: "completed", output: { read: 3, by: "ana" } });
  const owner = { nodeId: "worker-a", generation: 1 };
  expect(abandoned).toEqual({ status: "abandoned", evidence: { type: "owner_gone", owner } });
  // `read` was recorded; `write` was begun and not recorded, so it is performed again.
  await vi.waitFor(() => expect(b.said()).toEqual(["ready", "write in attempt 2"]), PATIENCE);
  expect(await host.tasks.list("s1")).toEqual([]);
});
