import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it, vi } from "vitest";
import type { HeapReport } from "./allocating-process.ts";

const PROGRAM = fileURLToPath(new URL("allocating-process.ts", import.meta.url));
const YOUNG_BYTES = 16 * 2 ** 20;
/** V8 takes memory by pages of this size, and for moments of a collection one more than its bound: seen once in some ten runs under load. */
const PAGE_BYTES = 256 * 2 ** 10;
const LONG = { timeout: 60_000, interval: 50 };
/** Enough for V8 to grow its young heap as far as it wants. */
const MUCH = 10_000_000;

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    const exited = once(child, "exit");
    if (child.kill("SIGKILL")) await exited;
  }
});

interface Allocating {
  tell(what: "work" | "rest"): void;
  report(): Promise<HeapReport>;
}

function start(...execArgv: readonly string[]): Allocating {
  const child = fork(PROGRAM, { execArgv: [...execArgv], env: { ...process.env, NODE_OPTIONS: "" } });
  children.push(child);
  return {
    tell: (what) => child.send(what),
    async report() {
      const answer = once(child, "message");
      child.send("report");
      return ((await answer) as [HeapReport])[0];
    },
  };
}

async function largestYoung({ tell, report }: Allocating): Promise<number> {
  let largest = 0;
  tell("work");
  await vi.waitFor(async () => {
    const { young, made } = await report();
    largest = Math.max(largest, young);
    expect(made).toBeGreaterThan(MUCH);
  }, LONG);
  tell("rest");
  return largest;
}

const TIMEOUT = { timeout: 180_000 };

it(
  "bounds the young heap under load, and leaves it alone where somebody has set a bound",
  TIMEOUT,
  async () => {
    expect(await largestYoung(start())).toBeLessThanOrEqual(YOUNG_BYTES + PAGE_BYTES);
    expect(await largestYoung(start("--max-semi-space-size=64"))).toBeGreaterThan(YOUNG_BYTES + PAGE_BYTES);
  },
);

it("gives memory back when there is nothing to do, and takes as much again at work", TIMEOUT, async () => {
  const { tell, report } = start("--gc-memory-reducer-start-delay-ms=100");
  const grown = () =>
    vi.waitFor(async () => {
      const now = await report();
      expect(now.young).toBe(YOUNG_BYTES);
      return now;
    }, LONG);
  tell("work");
  const loaded = await grown();
  tell("rest");
  await vi.waitFor(async () => {
    const { young, resident } = await report();
    expect(young).toBeLessThan(YOUNG_BYTES / 4);
    expect(resident).toBeLessThan(loaded.resident);
  }, LONG);
  tell("work");
  await grown();
});
