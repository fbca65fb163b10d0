import { sessionId } from "@pawl/core";
import { createQueueRunner, type QueueRunnerOptions, type RunOutcome } from "@pawl/queue-runner";
import { manualClock, recordingLogger } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { type Answer, recordingHandle, submitted } from "./recording-handle.ts";

const root = sessionId("root");
const other = sessionId("other");

async function started(answers: Iterable<Answer> = [], options: Partial<QueueRunnerOptions> = {}) {
  const clock = manualClock();
  const handle = recordingHandle([{ type: "idle" }, ...answers], options.handle);
  const runner = createQueueRunner({
    clock,
    logger: recordingLogger(),
    random: () => 0.5,
    ...options,
    handle,
  });
  const asked = async () => {
    await clock.advance(0);
    return handle.taken().map(({ sessionId: id, reason }) => [id, reason]);
  };
  runner.start();
  await asked();
  return { clock, runner, asked };
}

describe("an offer (Q13)", () => {
  it("is run at once where there is a place, and what it begins is in flight like anything else (Q1)", async () => {
    const { runner, asked } = await started();
    await runner.offer(root, async () => submitted(root));
    expect([...runner.inFlight.keys()]).toEqual([root]);
    expect(runner.offer(root, async () => submitted(root))).toBeUndefined();
    runner.pokeSession(root, "meanwhile");
    expect(await asked()).toEqual([]);
    runner.completeSession(root, "completed");
    expect(await asked()).toEqual([[root, "completed"]]);
  });

  it("that begins nothing gives its place back, and so does one that fails", async () => {
    const { runner } = await started([], { concurrency: 1 });
    expect(await runner.offer(root, async () => ({ type: "idle" }))).toEqual({ type: "idle" });
    const failing = runner.offer(root, () => Promise.reject(new Error("taken")));
    await expect(failing).rejects.toThrow("taken");
    expect(runner.mode).toBe("claiming");
    expect(runner.inFlight.size).toBe(0);
  });

  it("is refused by a runner that is full, paused, stopped, or backs off", async () => {
    const begin = async () => submitted(other);
    const full = await started([], { concurrency: 1 });
    await full.runner.offer(root, async () => submitted(root));
    expect(full.runner.offer(other, begin)).toBeUndefined();
    const paused = await started();
    paused.runner.pause();
    expect(paused.runner.offer(other, begin)).toBeUndefined();
    const stopped = await started();
    await stopped.runner.stop();
    expect(stopped.runner.offer(other, begin)).toBeUndefined();
    const failing = await started([new Error("down")]);
    failing.runner.poke("anything");
    await failing.asked();
    expect([failing.runner.mode, failing.runner.offer(other, begin)]).toEqual(["backing_off", undefined]);
  });

  it("holds its place while it is under way, and what asked for it meanwhile is looked at then (Q2, Q3)", async () => {
    const { runner, asked } = await started([], { concurrency: 1 });
    const answer = Promise.withResolvers<RunOutcome>();
    const offered = runner.offer(root, () => answer.promise);
    expect([runner.mode, runner.offer(other, async () => submitted(other))]).toEqual(["full", undefined]);
    runner.pokeSession(other, "poked");
    expect(await asked()).toEqual([]);
    answer.resolve({ type: "idle" });
    await offered;
    expect(await asked()).toEqual([[other, "poked"]]);
  });

  it("takes no place from a look-up that may come to fill it", async () => {
    const answer = Promise.withResolvers<RunOutcome>();
    const { runner, asked } = await started([answer.promise], { concurrency: 4 });
    runner.poke("anywhere");
    expect(await asked()).toEqual([[undefined, "anywhere"]]);
    expect(runner.offer(other, async () => submitted(other))).toBeUndefined();
    answer.resolve({ type: "idle" });
    await asked();
    expect(await runner.offer(other, async () => submitted(other))).toEqual(submitted(other));
  });

  it("finds a place while the runner looks unasked, at its start and at each poll", async () => {
    const looks = [Promise.withResolvers<RunOutcome>(), Promise.withResolvers<RunOutcome>()] as const;
    const clock = manualClock();
    const handle = recordingHandle(looks.map(({ promise }) => promise));
    const logger = recordingLogger();
    const runner = createQueueRunner({ clock, logger, random: () => 0.5, concurrency: 3, handle });
    const asked = async () => {
      await clock.advance(0);
      return handle.taken().map(({ reason, limit }) => [reason, limit]);
    };
    runner.start();
    expect(await asked()).toEqual([["startup", 2]]);
    expect(await runner.offer(root, async () => submitted(root))).toEqual(submitted(root));
    // The others are those of the look.
    expect([runner.mode, runner.offer(other, async () => submitted(other))]).toEqual(["full", undefined]);
    looks[0].resolve({ type: "idle" });
    await clock.advance(400);
    // Of two places, one.
    expect(await asked()).toEqual([["poll", undefined]]);
    expect(await runner.offer(other, async () => submitted(other))).toEqual(submitted(other));
    looks[1].resolve({ type: "idle" });
    await asked();
    expect([...runner.inFlight.keys()]).toEqual([root, other]);
  });

  it("whose work is over before it has answered is not in flight for ever", async () => {
    const { runner } = await started();
    await runner.offer(root, async () => {
      runner.completeSession(root, "completed");
      return submitted(root);
    });
    expect(runner.inFlight.size).toBe(0);
  });
});
