import { expect, test } from "vitest";
import { manualClock } from "../src/index.ts";

test("timers fire in order of time, equals in the order in which they were set, each at its own time", async () => {
  const clock = manualClock({ now: 1_000 });
  const fired: [string, number][] = [];
  const timer = (name: string, at: number) => clock.at(at, () => fired.push([name, clock.now()]));
  timer("c", 1_300);
  timer("a", 1_100);
  timer("b", 1_100);
  timer("late", 2_000);
  expect(clock.pending).toEqual([1_100, 1_100, 1_300, 2_000]);

  await clock.advance(500);
  expect(fired).toEqual([
    ["a", 1_100],
    ["b", 1_100],
    ["c", 1_300],
  ]);
  expect(clock.now()).toBe(1_500);
});

test("a timer that is taken back does not fire, and taking it back again does nothing", async () => {
  const clock = manualClock();
  let fired = 0;
  const stop = clock.at(clock.now() + 10, () => fired++);
  clock.at(clock.now() + 10, () => fired++);
  stop();
  stop();
  await clock.advance(10);
  expect(fired).toBe(1);
});

test("a timer set by a timer, also after awaits, fires within the same advance", async () => {
  const clock = manualClock({ now: 0 });
  const fired: number[] = [];
  const again = async () => {
    for (let i = 0; i < 10; i++) await undefined;
    if (clock.now() < 50) clock.at(clock.now() + 10, tick);
  };
  const tick = () => {
    fired.push(clock.now());
    void again();
  };
  clock.at(10, tick);
  await clock.advance(45);
  expect(fired).toEqual([10, 20, 30, 40]);
  expect(clock.now()).toBe(45);
});

test("a time that is past fires at the next advance, and time never goes back", async () => {
  const clock = manualClock({ now: 100 });
  let fired = 0;
  clock.at(50, () => fired++);
  expect(fired).toBe(0);
  await clock.advance(0);
  expect(fired).toBe(1);
  expect(clock.now()).toBe(100);
  await expect(clock.advance(-1)).rejects.toThrow(RangeError);
});

test("next goes to the next timer, however far", async () => {
  const clock = manualClock({ now: 0 });
  const year = 365 * 24 * 3_600_000;
  let at = -1;
  clock.at(year, () => {
    at = clock.now();
  });
  expect(await clock.next()).toBe(true);
  expect(at).toBe(year);
  expect(await clock.next()).toBe(false);
});
