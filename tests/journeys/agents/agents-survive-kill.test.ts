import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createHost } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import { startTestPostgres } from "@pawl/test-postgres";
import { scriptedModel } from "@pawl/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { JOURNEY_SECRET } from "../journey-secret.ts";

const WORKER = fileURLToPath(new URL("worker-process.ts", import.meta.url));
const PATIENCE = { timeout: 40_000, interval: 50 };

interface Worker {
  readonly child: ChildProcess;
  said(): readonly string[];
}

function startWorker(url: string, nodeId: string, ends: boolean): Worker {
  const args = [WORKER, url, nodeId, ends ? "ends" : "hangs"];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, said: () => output.split("\n").filter((line) => line !== "") };
}

const worked = (worker: Worker) =>
  worker
    .said()
    .filter((line) => line.startsWith("work "))
    .sort();

test("D22 a worker is killed while two agents work: both go on elsewhere, nobody begins a third, and a cancel reaches them", {
  timeout: 120_000,
}, async () => {
  // Nothing here kills the database, so its disk need not be waited for.
  const database = await startTestPostgres({ fsync: false });
  onTestFinished(() => database.stop());
  const store = postgresStore({ url: database.url, poolSize: 3, acceptDataLoss: true });
  const host = createHost({ store, model: scriptedModel([]), secret: JOURNEY_SECRET });
  host.pause();
  onTestFinished(async () => {
    await host.stop();
    await store.close();
  });
  const turn = await host.session("s1").send("go");

  const a = startWorker(database.url, "node-a", false);
  await vi.waitFor(() => expect(worked(a)).toHaveLength(2), PATIENCE);
  a.child.kill("SIGKILL");
  await once(a.child, "exit");

  const b = startWorker(database.url, "node-b", true);
  expect(await turn.result()).toMatchObject({
    status: "completed",
    text: "all done",
    usage: { modelCalls: 6, inputTokens: 60 },
  });
  // The same calls, in the same sessions, with the same keys.
  expect(worked(b)).toEqual(worked(a));
  const children = (await host.sessions()).filter(({ sessionId }) => sessionId.startsWith("sub_"));
  expect(children).toHaveLength(2);
  for (const { sessionId } of children) {
    expect(await host.session(sessionId).inputs()).toMatchObject([{ state: "consumed" }]);
    expect(await host.session(sessionId).verify()).toMatchObject({ intact: true });
  }
  expect(await turn.replay()).toMatchObject({ identical: true });
  b.child.kill("SIGKILL");
  await once(b.child, "exit");

  const c = startWorker(database.url, "node-c", false);
  const second = await host.session("s2").send("go");
  await vi.waitFor(() => expect(worked(c)).toHaveLength(2), PATIENCE);
  c.child.kill("SIGKILL");
  await once(c.child, "exit");
  // With no worker alive.
  await second.cancel({ reason: "enough" });
  startWorker(database.url, "node-d", false);
  expect(await second.result()).toMatchObject({ status: "cancelled" });
  const fresh = (await host.sessions())
    .map(({ sessionId }) => sessionId)
    .filter((id) => id.startsWith("sub_") && children.every(({ sessionId }) => sessionId !== id));
  expect(fresh).toHaveLength(2);
  for (const sessionId of fresh) {
    const [summary] = await host.session(sessionId).turns();
    const result = await host.turn(summary?.turnId ?? "").result();
    expect(result).toMatchObject({ status: "cancelled", evidence: { origin: "parent", reason: "enough" } });
  }
});
