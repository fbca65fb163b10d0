import { startTestPostgres, type TestPostgres } from "@pawl/test-postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runInMemory } from "./backends/memory.ts";
import type { CrashPoint } from "./crash-point.ts";
import { databaseMatrix } from "./database-matrix.ts";
import { readExpected } from "./expected.ts";
import { judge, type Verdict } from "./judge.ts";
import { memoryMatrix } from "./memory-matrix.ts";
import { processMatrix } from "./process-matrix.ts";
import { stallMatrix } from "./stall-matrix.ts";

/** Everything on PostgreSQL is `pnpm crash-matrix`; these are the points at which most goes wrong. */
const KILLED: readonly CrashPoint[] = [
  { at: "outcome of charge", when: "inside" },
  { at: "look", when: "after" },
  { at: "claim again", when: "after" },
  { at: "commit", when: "inside" },
];
const STALLED: readonly CrashPoint[] = [
  { at: "outcome of charge", when: "before" },
  { at: "commit", when: "before" },
];

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres({ fsync: false });
}, 60_000);
afterAll(() => postgres.stop());

async function verdictsOf(matrix: (tell: (verdict: Verdict) => void) => Promise<void>) {
  const verdicts: Verdict[] = [];
  await matrix((verdict) => void verdicts.push(verdict));
  return verdicts;
}

const failures = (verdicts: readonly Verdict[]) => verdicts.filter(({ passed }) => !passed);

describe("the crash matrix (promises 1, 2, 3, 5 and 6; D26)", () => {
  it("in memory: every point of the turn and every cell of the table", async () => {
    const verdicts = await verdictsOf(memoryMatrix);
    expect(failures(verdicts)).toEqual([]);
    expect(verdicts.length).toBe(readExpected("The process ends").points.length);
    expect(verdicts.length).toBeGreaterThan(60);
  }, 60_000);

  it("on PostgreSQL: a process that is killed", async () => {
    const verdicts = await verdictsOf((tell) => processMatrix(postgres.url, tell, KILLED));
    expect(failures(verdicts)).toEqual([]);
    expect(verdicts).toHaveLength(1 + KILLED.length);
  }, 180_000);

  it("on PostgreSQL: a process that stalls and comes back (D1, D3)", async () => {
    const verdicts = await verdictsOf((tell) => stallMatrix(postgres.url, tell, STALLED));
    expect(failures(verdicts)).toEqual([]);
    expect(verdicts).toHaveLength(1 + STALLED.length);
  }, 180_000);

  it("on PostgreSQL: a database that is killed", async () => {
    const verdicts = await verdictsOf((tell) => databaseMatrix(postgres, tell, { seed: 1, runs: 1 }));
    expect(failures(verdicts)).toEqual([]);
    expect(verdicts).toHaveLength(1);
  }, 180_000);
});

describe("the matrix itself can fail", async () => {
  const calm = (await runInMemory()).story;
  const point: CrashPoint = { at: "look", when: "after" };
  const performed = { charge: [1, 1], look: [1, 1], refund: [1, 1], model: [2, 2] } as const;
  const expected = { performed, asked: null };
  const problems = (story: Partial<typeof calm>) =>
    judge("memory", point, expected, { ...calm, ...story }, calm).problems;

  it("passes what is as it should be", () => {
    expect(problems({})).toEqual([]);
  });

  it("for an effect too many, and one too few", () => {
    expect(problems({ performed: { ...calm.performed, charge: 2 } })).toEqual([
      "charge was performed 2 times and not 1",
    ]);
    expect(problems({ performed: { ...calm.performed, refund: 0 } })).toHaveLength(1);
  });

  it("for other bytes, in what is committed and in what the machine was fed", () => {
    expect(problems({ committed: calm.committed.replace("quick", "slow") })).toHaveLength(1);
    expect(problems({ machine: calm.machine.replace("refund", "charge") })).toHaveLength(1);
  });

  it("for a second idempotency key, a question nobody expects, an open turn, and what is lost", () => {
    expect(problems({ chargeKeys: 2 })).toHaveLength(1);
    expect(problems({ asked: "yes" })).not.toEqual([]);
    expect(problems({ status: "open" })).toHaveLength(1);
    expect(problems({ faults: ["the log has a gap"] })).toEqual(["the log has a gap"]);
  });

  it("for a point that the table does not have", () => {
    expect(judge("memory", point, undefined, calm, calm).problems).toEqual(["the table has no cell for it"]);
  });
});
