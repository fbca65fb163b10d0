import type { StoreCapabilities, StoreUnderTest } from "./capabilities.ts";
import { attemptsChapter } from "./chapters/attempts.ts";
import { cancelGateChapter } from "./chapters/cancel-gate.ts";
import { commitChapter } from "./chapters/commit.ts";
import { hintsChapter } from "./chapters/hints.ts";
import { inboxChapter } from "./chapters/inbox.ts";
import { leasesChapter } from "./chapters/leases.ts";
import { logChapter } from "./chapters/log.ts";
import { runtimeStatesChapter } from "./chapters/runtime-states.ts";
import { secretsChapter } from "./chapters/secrets.ts";
import { seedChapter } from "./chapters/seed.ts";
import { sessionsChapter } from "./chapters/sessions.ts";
import { waitingChapter } from "./chapters/waiting.ts";
import { atomicityLaw } from "./laws/atomicity.ts";
import { closedLaw } from "./laws/closed.ts";
import { contentionLaw } from "./laws/contention.ts";
import { detachedLaw } from "./laws/detached.ts";
import { fencingLaw } from "./laws/fencing.ts";
import { isolationLaw } from "./laws/isolation.ts";
import { livenessLaw } from "./laws/liveness.ts";
import { reopenLaw } from "./laws/reopen.ts";
import { plainExpect } from "./plain-expect.ts";
import type { TestRunner } from "./runner.ts";
import type { StoreCase, StoreChapter } from "./store-case.ts";
import { StoreTest } from "./store-test.ts";

/**
 * The contract of every store. What it promises, as numbers that the titles cite beside the durability rules (D1…):
 *
 * - S1 a record comes back as it was given
 * - S2 what is absent is absent, and no error
 * - S3 a change replaces and never duplicates
 * - S4 sessions and stores know nothing of one another
 * - S5 inputs stand in the order of their admission, for good
 * - S6 what is returned, and what was handed in, is detached from what is stored
 * - S7 a commit returns exactly the receipt that is stored
 * - S8 sequences are dense per run, from 0
 * - S9 digests are what anybody computes from the same facts, and the receipts are a chain
 * - S10 content that cannot be stored is refused, and nothing of it is written
 * - S11 what fails half-way leaves nothing behind
 * - S12 the same commit again is the same receipt, another one a conflict
 * - S13 the same idempotency key again is the first input, with other content a conflict
 * - S14 what has ended takes no more writes
 * - S15 a superseded writer writes nothing
 * - S16 a turn begins wholly or not at all
 * - S17 racing writers of one thing make one thing
 * - S18 what was acknowledged is there after a restart
 * - S19 recovering twice is recovering once
 * - S20 a spoilt row is named and harms no other session
 * - S21 large content is kept whole
 * - S22 data of a newer schema is refused
 * - S23 the suite itself can fail: a broken store fails the chapter made for it (tested where the broken stores are)
 * - S24 every accepted input reaches a terminal state within bounded attempts
 */
export const STORE_CHAPTERS: readonly StoreChapter[] = [
  seedChapter,
  sessionsChapter,
  commitChapter,
  cancelGateChapter,
  logChapter,
  inboxChapter,
  runtimeStatesChapter,
  leasesChapter,
  waitingChapter,
  attemptsChapter,
  secretsChapter,
  hintsChapter,
  atomicityLaw,
  fencingLaw,
  isolationLaw,
  detachedLaw,
  contentionLaw,
  reopenLaw,
  closedLaw,
  livenessLaw,
];

/** Longest time for one case: room for a slow machine, since cases wait for what they see and not for a time. */
const CASE_TIMEOUT_MS = 60_000;

/** Registers the whole suite for one store with a test runner. */
export function storeSuite(runner: TestRunner, under: StoreUnderTest): void {
  const { describe, it, expect } = runner;
  const ran = new Map<StoreChapter, number>();
  describe(`store: ${under.name}`, () => {
    for (const chapter of STORE_CHAPTERS) {
      const cases = chapter.cases.filter((one) => isPossible(one, under.capabilities));
      if (cases.length === 0) continue;
      describe(chapter.name, () => {
        for (const one of cases) {
          it(
            one.title,
            async () => {
              ran.set(chapter, (ran.get(chapter) ?? 0) + 1);
              await runCase(one, under, expect);
            },
            CASE_TIMEOUT_MS,
          );
        }
      });
    }
    it(
      "ran every case that its capabilities allow",
      async () => {
        for (const chapter of STORE_CHAPTERS) {
          const possible = chapter.cases.filter((one) => isPossible(one, under.capabilities)).length;
          expect([chapter.name, ran.get(chapter) ?? 0]).toEqual([chapter.name, possible]);
          const unconditional = chapter.cases.filter((one) => one.needs === undefined).length;
          if (unconditional === 0) expect(chapter.cases.length > 0, `${chapter.name} is empty`).toBe(true);
        }
      },
      CASE_TIMEOUT_MS,
    );
  });
}

export interface CaseResult {
  readonly chapter: string;
  readonly title: string;
  readonly status: "passed" | "failed" | "skipped";
  readonly error?: unknown;
}

/** Runs the suite, or some chapters of it, without a test runner: in a browser, or to see that a broken store fails. */
export async function runStoreSuite(
  under: StoreUnderTest,
  options: { readonly expect?: TestRunner["expect"]; readonly chapters?: readonly string[] } = {},
): Promise<readonly CaseResult[]> {
  const { expect = plainExpect } = options;
  const results: CaseResult[] = [];
  for (const chapter of STORE_CHAPTERS) {
    if (options.chapters !== undefined && !options.chapters.includes(chapter.name)) continue;
    for (const one of chapter.cases) {
      const result = { chapter: chapter.name, title: one.title };
      if (!isPossible(one, under.capabilities)) {
        results.push({ ...result, status: "skipped" });
        continue;
      }
      try {
        await runCase(one, under, expect);
        results.push({ ...result, status: "passed" });
      } catch (error) {
        results.push({ ...result, status: "failed", error });
      }
    }
  }
  return results;
}

function isPossible(one: StoreCase, capabilities: StoreCapabilities): boolean {
  return one.needs === undefined || capabilities[one.needs] !== false;
}

async function runCase(one: StoreCase, under: StoreUnderTest, expect: TestRunner["expect"]): Promise<void> {
  const t = new StoreTest(under, expect, await under.createStore());
  try {
    await one.run(t);
  } finally {
    await t.dispose();
  }
  if (t.assertions === 0) throw new Error(`"${one.title}" asserted nothing, so it proves nothing.`);
}
