import type { RunOutcome } from "@pawl/queue-runner";
import { describe, expect, it } from "vitest";
import { recordingHandle, submitted } from "./recording-handle.ts";
import { other, POLL, root, started } from "./runner-scene.ts";

describe("a look-up that fails", () => {
  const down = () => new Error("down");

  it("Q4: is backed off, each time longer, and what was asked for is looked at in the end", async () => {
    const { runner, asked, clock, logger } = await started([down(), down(), down()], {
      random: () => 0.999,
    });
    runner.pokeSession(root, "send");
    expect(await asked()).toHaveLength(1);
    expect(runner.mode).toBe("backing_off");
    runner.pokeSession(other, "meanwhile");
    expect(await asked()).toEqual([]);
    const delays = [];
    for (let failure = 0; failure < 3; failure++) {
      const began = clock.now();
      while ((await asked()).length === 0) await clock.next();
      delays.push(clock.now() - began);
    }
    expect(delays).toEqual([100, 200, 400]);
    expect(logger.lines.filter(({ level }) => level === "warn").map(({ facts }) => facts)).toMatchObject([
      { failures: 1, delayMs: 100, message: "down" },
      { failures: 2, delayMs: 200 },
      { failures: 3, delayMs: 400 },
    ]);
    expect(runner.mode).toBe("claiming");
  });

  it("Q4: loses no poke that came during the back-off", async () => {
    const { runner, asked, clock } = await started([down()]);
    runner.pokeSession(root, "send");
    await asked();
    runner.pokeSession(other, "meanwhile");
    await clock.advance(100);
    expect(await asked()).toEqual([
      { sessionId: root, reason: "send", traceIdle: true },
      { sessionId: other, reason: "meanwhile", traceIdle: true },
    ]);
  });

  it("never waits longer than ten seconds", async () => {
    const { runner, asked, clock } = await started(Array(40).fill(down()), { random: () => 0.999 });
    runner.poke("send");
    await clock.advance(120_000);
    await asked();
    await clock.advance(20_000);
    expect((await asked()).length).toBeGreaterThanOrEqual(2);
    expect((await asked()).length).toBeLessThanOrEqual(3);
  });

  it("Q6: that does not answer is given up on, and what it began after all counts", async () => {
    const answer = Promise.withResolvers<RunOutcome>();
    const { runner, asked, clock, logger } = await started([answer.promise]);
    runner.pokeSession(root, "send");
    await asked();
    await clock.advance(30_000);
    expect(logger.messages("warn")).toEqual(["looking for work failed"]);
    await clock.advance(100);
    expect(await asked()).not.toEqual([]);
    answer.resolve(submitted(root));
    await asked();
    expect(runner.inFlight.has(root)).toBe(true);
  });
});

describe("the poll", () => {
  it("comes every 400 ms, up to a tenth more or less, whatever else happens", async () => {
    const randoms = [0, 0.999, 0.5];
    const { asked, clock, runner } = await started([], { random: () => randoms.shift() ?? 0.5 });
    runner.pokeSession(root, "send");
    await asked();
    const times = [];
    for (let tick = 0; tick < 3; tick++) {
      const began = clock.now();
      await clock.next();
      expect(await asked()).toMatchObject([POLL]);
      times.push(clock.now() - began);
    }
    expect(times).toEqual([360, 440, 400]);
  });

  it("is delayed by a look-up that takes long, and ticks do not pile up", async () => {
    const answer = Promise.withResolvers<RunOutcome>();
    const { asked, clock } = await started([answer.promise]);
    await clock.advance(400);
    expect(await asked()).toHaveLength(1);
    await clock.advance(5_000);
    expect(await asked()).toEqual([]);
    answer.resolve({ type: "idle" });
    expect(await asked()).toEqual([]);
    await clock.advance(399);
    expect(await asked()).toEqual([]);
    await clock.advance(1);
    expect(await asked()).toHaveLength(1);
  });
});

describe("the watchdog (Q7)", () => {
  it("tells of a session that is in flight for long, ever more rarely, and believes in work that runs", async () => {
    const { runner, clock, logger, asked } = await started([submitted(root)], {
      handle: recordingHandle([], { isRunning: () => true }),
    });
    runner.pokeSession(root, "send");
    await asked();
    await clock.advance(600_000);
    const told = logger.lines
      .filter(({ level }) => level === "info")
      .map(({ facts }) => Number(facts.sinceMs));
    expect(told.map((ms) => Math.round(ms / 60_000))).toEqual([1, 2, 4, 8]);
    expect(runner.inFlight.has(root)).toBe(true);
  });

  it("finds a completion that never comes also where it cannot ask whether the work runs, and says what to do", async () => {
    const { runner, clock, logger, asked } = await started([submitted(root)]);
    runner.pokeSession(root, "send");
    await asked();
    await clock.advance(60_000);
    expect(logger.lines.at(-1)).toMatchObject({
      level: "warn",
      message: "a session was submitted and has not completed for long",
      facts: { sessionId: "root", advice: expect.stringContaining("isRunning") },
    });
    // It may run still: it is not begun a second time.
    expect(runner.inFlight.has(root)).toBe(true);
  });

  it("takes a submission for complete whose work is gone, and looks at the session again", async () => {
    const { runner, clock, logger, asked } = await started([submitted(root)], {
      handle: recordingHandle([], { isRunning: () => false }),
    });
    runner.pokeSession(root, "send");
    await asked();
    await clock.advance(60_000);
    expect(logger.lines.at(-1)).toMatchObject({
      level: "error",
      message: "a session was submitted and never completed",
      facts: { sessionId: "root" },
    });
    expect(runner.inFlight.size).toBe(0);
    expect(await asked()).toContainEqual({ sessionId: root, reason: "watchdog", traceIdle: false });
  });
});
