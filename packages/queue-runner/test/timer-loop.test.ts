import { createTimerLoop, type DueReport, type TimerLoopOptions } from "@pawl/queue-runner";
import { manualClock, recordingLogger } from "@pawl/testing";
import { describe, expect, it } from "vitest";

/** A store whose clock may differ from ours, with deadlines in it. */
function setUp(options: Partial<TimerLoopOptions> = {}, skewMs = 0) {
  const clock = manualClock();
  const logger = recordingLogger();
  const began = clock.now();
  const deadlines: number[] = [];
  const fired: number[] = [];
  let asked = 0;
  const loop = createTimerLoop({
    clock,
    logger,
    random: () => 0.5,
    due: async (): Promise<DueReport> => {
      asked += 1;
      const now = clock.now() + skewMs;
      const due = deadlines.filter((at) => at <= now).slice(0, 2);
      for (const at of due) deadlines.splice(deadlines.indexOf(at), 1);
      fired.push(...due.map(() => clock.now() - began));
      return { fired: due.length, nextDueAt: deadlines.length === 0 ? null : Math.min(...deadlines) };
    },
    ...options,
  });
  return { clock, logger, loop, fired, deadlines, began, asked: () => asked };
}

describe("the timer loop", () => {
  it("Q9: fires each deadline when it comes, with nobody waiting", async () => {
    const { clock, loop, fired, deadlines, began, asked } = setUp();
    deadlines.push(began + 1_000, began + 1_500, began + 1_500);
    loop.start();
    await clock.advance(2_000);
    expect(fired).toEqual([1_000, 1_500, 1_500]);
    expect(asked()).toBe(3);
  });

  it("fires all that is due at once, a bounded number at a time", async () => {
    const { clock, loop, fired, deadlines, began, asked } = setUp();
    deadlines.push(...Array.from({ length: 9 }, () => began));
    loop.start();
    await clock.advance(0);
    expect(fired).toHaveLength(9);
    expect(asked()).toBe(5);
  });

  it("a hint brings a nearer deadline forward; one that is further away changes nothing", async () => {
    const { clock, loop, fired, deadlines, began, asked } = setUp();
    loop.start();
    await clock.advance(100);
    deadlines.push(began + 300);
    loop.hint(began + 300);
    loop.hint(began + 4_000);
    await clock.advance(200);
    expect(fired).toEqual([300]);
    expect(asked()).toBe(2);
    deadlines.push(began + 300);
    loop.hint();
    await clock.advance(0);
    expect(fired).toEqual([300, 300]);
  });

  it("Q9: with the hint lost it is fired after the longest sleep at the latest", async () => {
    const { clock, loop, fired, deadlines, began } = setUp();
    loop.start();
    await clock.advance(1);
    deadlines.push(began + 300);
    await clock.advance(4_999);
    expect(fired).toEqual([5_000]);
  });

  it("Q10: a hint during a call leads to another call, and never to two at once", async () => {
    const answers: PromiseWithResolvers<DueReport>[] = [];
    const { clock, loop } = setUp({
      due: () => {
        answers.push(Promise.withResolvers());
        return answers.at(-1)!.promise;
      },
    });
    loop.start();
    loop.hint();
    loop.hint();
    await clock.advance(1_000);
    expect(answers).toHaveLength(1);
    answers[0]!.resolve({ fired: 0, nextDueAt: null });
    await clock.advance(0);
    await clock.advance(0);
    expect(answers).toHaveLength(2);
    answers[1]!.resolve({ fired: 0, nextDueAt: null });
    await clock.advance(4_000);
    expect(answers).toHaveLength(2);
  });

  it("Q11: does not ask busily where the store's clock is behind ours", async () => {
    const { clock, loop, fired, deadlines, began, asked } = setUp({}, -1_000);
    deadlines.push(began + 500);
    loop.start();
    await clock.advance(2_000);
    expect(fired).toHaveLength(1);
    expect(fired[0]).toBeLessThanOrEqual(1_525);
    expect(asked()).toBeLessThanOrEqual(1_000 / 25 + 4);
  });

  it("backs off from a store that fails or does not answer, and hints do not hurry it", async () => {
    const outcomes = [Promise.reject(new Error("down")), new Promise<DueReport>(() => {})];
    let asked = 0;
    const { clock, loop, logger } = setUp({
      due: () => {
        asked += 1;
        return outcomes.shift() ?? Promise.resolve({ fired: 0, nextDueAt: null });
      },
      dueTimeoutMs: 1_000,
    });
    loop.start();
    await clock.advance(0);
    expect(logger.lines).toMatchObject([{ level: "warn", facts: { message: "down", delayMs: 75 } }]);
    loop.hint();
    await clock.advance(74);
    expect(asked).toBe(1);
    await clock.advance(1);
    expect(asked).toBe(2);
    await clock.advance(1_000);
    expect(logger.lines.at(-1)).toMatchObject({ facts: { code: "answer_overdue", failures: 2 } });
    await clock.advance(150);
    expect(asked).toBe(3);
  });

  it("asks nothing before start and after stop, and stop waits for the call that is under way", async () => {
    const answer = Promise.withResolvers<DueReport>();
    let asked = 0;
    const { clock, loop } = setUp({
      due: () => {
        asked += 1;
        return answer.promise;
      },
    });
    loop.hint();
    await clock.advance(10_000);
    expect(asked).toBe(0);
    loop.start();
    let stopped = false;
    const stopping = loop.stop().then(() => {
      stopped = true;
    });
    await clock.advance(0);
    expect(stopped).toBe(false);
    answer.resolve({ fired: 0, nextDueAt: null });
    await stopping;
    loop.hint();
    await clock.advance(10_000);
    expect(asked).toBe(1);
    expect(clock.pending).toEqual([]);
  });

  it("stop is bounded when the store does not answer", async () => {
    const { clock, loop } = setUp({ due: () => new Promise(() => {}) });
    loop.start();
    const stopping = loop.stop();
    await clock.advance(2_000);
    await stopping;
  });
});
