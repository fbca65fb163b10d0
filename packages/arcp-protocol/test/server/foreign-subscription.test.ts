// Sections 7.6 and 9: a job is watched at one process and runs in another. Hints tell of its events; looking finds lost hints.
import { expect, test } from "vitest";
import { memoryPersistence } from "../../src/persistence/memory-persistence.ts";
import type { ArcpPersistence } from "../../src/persistence/persistence.ts";
import { ArcpServer } from "../../src/server/arcp-server.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { isEnd, Watcher } from "../support/watcher.ts";

/** A job that runs until it is told to end, at one server; a client that watches it at another; neither server's time passes. */
async function watched(hints: boolean) {
  const shared = memoryPersistence();
  const clock = new ManualClock();
  const gate = Promise.withResolvers<void>();
  const listeners = new Set<() => void>();
  const looks: number[] = [];
  let beforeAnswer = async () => {};
  const running: ArcpPersistence = {
    ...shared,
    events: {
      ...shared.events,
      async append(batch) {
        const appended = await shared.events.append(batch);
        for (const listener of [...listeners]) listener();
        return appended;
      },
    },
  };
  const watching: ArcpPersistence = {
    ...shared,
    events: {
      ...shared.events,
      async readJobLog(jobId, after, limit) {
        looks.push(clock.now());
        const entries = await shared.events.readJobLog(jobId, after, limit);
        await beforeAnswer();
        return entries;
      },
      watchJob(_jobId, onAppend) {
        if (hints) listeners.add(onAppend);
        return () => listeners.delete(onAppend);
      },
    },
  };
  const gated = { name: "gated", versions: { "1": () => gate.promise.then(() => "opened") } };
  const serverOn = async (persistence: ArcpPersistence) => {
    const server = new ArcpServer({
      agents: [gated],
      persistence,
      clock,
      authenticate: () => ({ id: "ada" }),
    });
    await server.start();
    return server;
  };
  const owner = new Watcher(await serverOn(running));
  const watcher = new Watcher(await serverOn(watching));
  const ownSession = await owner.hello();
  const session = await watcher.hello();
  owner.send("job.submit", { agent: "gated" }, { session_id: ownSession.session_id });
  const accepted = await owner.until(({ type }) => type === "job.accepted");
  const jobId = String(accepted.payload.job_id);
  const ends = async () => {
    gate.resolve();
    await owner.until(isEnd);
  };
  return {
    clock,
    watcher,
    looks,
    ends,
    subscribe: () =>
      watcher.send("job.subscribe", { job_id: jobId, history: true }, { session_id: session.session_id }),
    /** Something happens after the next look was answered, and before whoever looked hears of it. */
    meanwhile(happens: () => Promise<void>) {
      beforeAnswer = async () => {
        beforeAnswer = async () => {};
        await happens();
      };
    },
  };
}

test("its end is told at once when it comes between a look and listening", async () => {
  const { watcher, subscribe, meanwhile, ends } = await watched(true);
  meanwhile(ends);
  subscribe();
  expect((await watcher.until(isEnd)).payload.result).toBe("opened");
});

test("its end is told at once by a hint", async () => {
  const { watcher, subscribe, ends, clock, looks } = await watched(true);
  subscribe();
  await clock.advance(0);
  expect(looks.length).toBeGreaterThan(1);
  await ends();
  await watcher.until(isEnd);
  await clock.advance(0);
  expect(clock.pending).toEqual([]);
});

test("without hints it is looked at ever more seldom, and its end is found all the same", async () => {
  const { watcher, subscribe, ends, clock, looks } = await watched(false);
  subscribe();
  await clock.advance(120_000);
  expect(looks.length).toBeGreaterThan(20);
  expect(looks.length).toBeLessThan(40);
  await ends();
  await clock.advance(6_000);
  expect(watcher.frames.some(isEnd)).toBe(true);
});
