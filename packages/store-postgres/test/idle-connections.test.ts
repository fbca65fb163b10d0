import { EventEmitter } from "node:events";
import type { Pool } from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { IdleConnections } from "../src/connection/idle-connections.ts";

function poolOf(facts: { totalCount?: number; idleCount?: number; waitingCount?: number } = {}) {
  const pool = Object.assign(new EventEmitter(), {
    totalCount: 2,
    idleCount: 0,
    waitingCount: 0,
    options: { max: 4 },
    ...facts,
  });
  return { pool, idle: new IdleConnections(pool as unknown as Pool) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([
  ["has none, so that the first is made", { totalCount: 0 }],
  ["may make no more, and lets whoever asks wait in line", { totalCount: 4 }],
  ["has one to give", { idleCount: 1 }],
])("a pool is asked at once that %s", (_, facts) => {
  expect(poolOf(facts).idle.soon()).toBeUndefined();
});

test("one that is idle and promised to somebody already is none to give", () => {
  expect(poolOf({ idleCount: 1, waitingCount: 1 }).idle.soon()).toBeInstanceOf(Promise);
});

test("each connection that comes back is for one of those who wait, in their order", async () => {
  const { pool, idle } = poolOf();
  const told: string[] = [];
  for (const name of ["a", "b", "c"]) void idle.soon()?.then(() => told.push(name));
  pool.emit("release");
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toEqual(["a"]);
  pool.emit("release");
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toEqual(["a", "b"]);
});

test("nobody waits for longer than a connection takes, and nothing is left of who went on", async () => {
  const { pool, idle } = poolOf();
  const told: string[] = [];
  void idle.soon()?.then(() => told.push("a"));
  await vi.advanceTimersByTimeAsync(10);
  expect(told).toEqual(["a"]);
  void idle.soon()?.then(() => told.push("b"));
  pool.emit("release");
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toEqual(["a", "b"]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a store that closes lets everybody go on, and leaves nothing with the caller's pool", async () => {
  const { pool, idle } = poolOf();
  const waited = Promise.all([idle.soon(), idle.soon()]);
  idle.stop();
  await waited;
  expect([pool.listenerCount("release"), vi.getTimerCount()]).toEqual([0, 0]);
});
