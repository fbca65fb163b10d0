import { runStoreSuite, STORE_CHAPTERS } from "@pawl/testing/store-suite";
import { describe, expect, test } from "vitest";
import { BROKEN_AWAITED_TURNS } from "./broken-stores/broken-awaited-turns.ts";
import { BROKEN_AWAITS } from "./broken-stores/broken-awaits.ts";
import { BROKEN_INPUT_STATES } from "./broken-stores/broken-input-states.ts";
import { BROKEN_JOBS } from "./broken-stores/broken-jobs.ts";
import { BROKEN_OUTBOX } from "./broken-stores/broken-outbox.ts";
import { BROKEN_OWNERSHIP } from "./broken-stores/broken-ownership.ts";
import { BROKEN_PROCESSES } from "./broken-stores/broken-processes.ts";
import { BROKEN_READING } from "./broken-stores/broken-reading.ts";
import { BROKEN_RETENTION } from "./broken-stores/broken-retention.ts";
import { BROKEN_WRITES } from "./broken-stores/broken-writes.ts";
import { memoryUnderTest } from "./memory-under-test.ts";

const BROKEN = [
  ...BROKEN_WRITES,
  ...BROKEN_OWNERSHIP,
  ...BROKEN_READING,
  ...BROKEN_AWAITS,
  ...BROKEN_AWAITED_TURNS,
  ...BROKEN_PROCESSES,
  ...BROKEN_INPUT_STATES,
  ...BROKEN_JOBS,
  ...BROKEN_OUTBOX,
  ...BROKEN_RETENTION,
];

describe("S23 the suite notices", () => {
  for (const { fault, breaking, noticedBy } of BROKEN) {
    test(fault, async () => {
      const under = { ...memoryUnderTest("broken", breaking), patienceMs: 300 };
      const chapters = [...noticedBy.map((one) => one.chapter), "The seed"];
      const results = await runStoreSuite(under, { expect, chapters });
      const failed = results.filter((result) => result.status === "failed");
      for (const one of noticedBy) {
        const noticed = failed.filter(
          ({ chapter, title }) => chapter === one.chapter && title.startsWith(one.case),
        );
        expect(
          noticed.length,
          `"${one.case}" of "${one.chapter}" must fail; these did: ${failed.map((f) => f.title).join("; ")}`,
        ).toBeGreaterThan(0);
      }
      // A fault that fails everything says nothing about the chapter that was made for it.
      expect(results.some((result) => result.status === "passed")).toBe(true);
    });
  }

  test("S23 every chapter has a store that fails it", () => {
    const covered = new Set(BROKEN.flatMap(({ noticedBy }) => noticedBy.map(({ chapter }) => chapter)));
    expect(STORE_CHAPTERS.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
  });
});

test("the suite skips only what a store says that it cannot do", async () => {
  const results = await runStoreSuite(memoryUnderTest());
  expect(results.filter((result) => result.status === "failed")).toEqual([]);
  const skipped = results.filter((result) => result.status === "skipped");
  expect(skipped.map((result) => [result.chapter, result.title])).toEqual([
    [
      "The outbox",
      "D23 an open transaction of a caller does not hold up a commit: the input comes when it is over",
    ],
    ["The log", "S20 a spoilt row is named and harms no other session"],
    ["Input states", "a superseding input works within the caller's transaction too"],
    ["A caller's transaction", "an input is there when the transaction commits, and not before"],
    ["A caller's transaction", "S11 nothing of an input stays when the transaction is rolled back"],
    ["A caller's transaction", "S13 keys are looked up within the transaction too"],
    ["A caller's transaction", "S15 an open transaction does not hold up the holder of the session"],
    ["Law: what was acknowledged lasts", "S22 data of a newer schema is refused and left alone"],
  ]);
});
