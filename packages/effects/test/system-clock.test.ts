import { systemClock } from "@pawl/effects";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

describe("the clock of this process", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("waits for dates that are further away than a platform timer holds", () => {
    let fired = 0;
    const day = 24 * 60 * 60 * 1000;
    systemClock.at(Date.now() + 60 * day, () => (fired += 1));
    vi.advanceTimersByTime(59 * day);
    expect(fired).toBe(0);
    vi.advanceTimersByTime(day);
    expect(fired).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is never early, although timers of the platform may be", () => {
    const at = Date.now() + 100;
    const seen: number[] = [];
    systemClock.at(at, () => seen.push(systemClock.now()));
    // The platform counts 100 ms while the wall clock counts 99.
    vi.setSystemTime(Date.now() - 1);
    vi.advanceTimersByTime(100);
    expect(seen).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual([at]);
  });

  it("does not fire what was called off, also not in its second piece", () => {
    let fired = 0;
    const cancel = systemClock.at(Date.now() + 3e9, () => (fired += 1));
    vi.advanceTimersByTime(2.5e9);
    cancel();
    vi.advanceTimersByTime(1e9);
    expect([fired, vi.getTimerCount()]).toEqual([0, 0]);
  });
});
