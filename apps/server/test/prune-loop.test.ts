import { manualClock, recordingLogger } from "@pawl/testing";
import { expect, it, vi } from "vitest";
import { createPruneLoop } from "../src/prune-loop.ts";

const HOUR_MS = 3_600_000;

it("prunes old jobs and nodes now and then, goes on after a failure, and ends", async () => {
  const clock = manualClock();
  const logger = recordingLogger();
  const asked: unknown[] = [];
  let answer: () => Promise<{ before: number; dryRun: boolean; counts: object }> = async () => ({
    before: 0,
    dryRun: false,
    counts: { jobs: 3 },
  });
  const host = {
    prune: async ({ olderThanMs, only }: { olderThanMs: number; only?: readonly string[] }) => {
      asked.push({ olderThanMs, only });
      return answer();
    },
  };
  const loop = createPruneLoop({ host, clock, logger, keepMs: 5 * HOUR_MS, random: () => 0.5 });
  loop.start();
  expect(asked).toEqual([]);
  await clock.advance(HOUR_MS / 60);
  expect(asked).toEqual([{ olderThanMs: 5 * HOUR_MS, only: ["jobs", "nodes", "tokens"] }]);
  const settled = async (count: number) => {
    await vi.waitFor(
      async () => {
        await clock.advance(HOUR_MS);
        expect(asked.length).toBeGreaterThanOrEqual(count);
      },
      { timeout: 10_000 },
    );
  };
  answer = () => Promise.reject(new Error("the database is away"));
  await settled(2);
  answer = async () => ({ before: 0, dryRun: false, counts: {} });
  await settled(3);
  expect(logger.lines.map(({ level }) => level)).toContain("warn");
  await loop.stop();
  const before = asked.length;
  await clock.advance(100 * HOUR_MS);
  expect(asked.length).toBe(before);
});
