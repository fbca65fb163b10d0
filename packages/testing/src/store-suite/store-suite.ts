import type { StoreCapabilities, StoreUnderTest } from "./capabilities.ts";
import { attachmentsChapter } from "./chapters/attachments.ts";
import { attemptsChapter } from "./chapters/attempts.ts";
import { awaitEventsChapter } from "./chapters/await-events.ts";
import { awaitedTurnsChapter } from "./chapters/awaited-turns.ts";
import { cancelGateChapter } from "./chapters/cancel-gate.ts";
import { claimedInputsChapter } from "./chapters/claimed-inputs.ts";
import { commitChapter } from "./chapters/commit.ts";
import { erasureChapter } from "./chapters/erasure.ts";
import { hintsChapter } from "./chapters/hints.ts";
import { inboxChapter } from "./chapters/inbox.ts";
import { inputStatesChapter } from "./chapters/input-states.ts";
import { jobsChapter } from "./chapters/jobs.ts";
import { leasesChapter } from "./chapters/leases.ts";
import { logChapter } from "./chapters/log.ts";
import { outboxChapter } from "./chapters/outbox.ts";
import { processClaimsChapter } from "./chapters/process-claims.ts";
import { processStartsChapter } from "./chapters/process-starts.ts";
import { processesChapter } from "./chapters/processes.ts";
import { pruningChapter } from "./chapters/pruning.ts";
import { runtimeStatesChapter } from "./chapters/runtime-states.ts";
import { secretsChapter } from "./chapters/secrets.ts";
import { seedChapter } from "./chapters/seed.ts";
import { sessionsChapter } from "./chapters/sessions.ts";
import { tokensChapter } from "./chapters/tokens.ts";
import { transactionsChapter } from "./chapters/transactions.ts";
import { waitingChapter } from "./chapters/waiting.ts";
import { atomicityLaw } from "./laws/atomicity.ts";
import { closedLaw } from "./laws/closed.ts";
import { contentionLaw } from "./laws/contention.ts";
import { detachedLaw } from "./laws/detached.ts";
import { fencingLaw } from "./laws/fencing.ts";
import { isolationLaw } from "./laws/isolation.ts";
import { livenessLaw } from "./laws/liveness.ts";
import { ownersLaw } from "./laws/owners.ts";
import { reopenLaw } from "./laws/reopen.ts";
import { plainExpect } from "./plain-expect.ts";
import type { TestRunner } from "./runner.ts";
import type { StoreCase, StoreChapter } from "./store-case.ts";
import { StoreTest } from "./store-test.ts";

/** The contract of every store, chapter by chapter. What the numbers in the titles promise: see `STORE_PROMISES`. */
export const STORE_CHAPTERS: readonly StoreChapter[] = [
  seedChapter,
  sessionsChapter,
  commitChapter,
  cancelGateChapter,
  outboxChapter,
  logChapter,
  inboxChapter,
  inputStatesChapter,
  transactionsChapter,
  runtimeStatesChapter,
  leasesChapter,
  claimedInputsChapter,
  waitingChapter,
  attemptsChapter,
  awaitEventsChapter,
  awaitedTurnsChapter,
  processesChapter,
  processClaimsChapter,
  processStartsChapter,
  jobsChapter,
  attachmentsChapter,
  secretsChapter,
  pruningChapter,
  erasureChapter,
  tokensChapter,
  hintsChapter,
  atomicityLaw,
  fencingLaw,
  isolationLaw,
  ownersLaw,
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

/** Exported for the tests of the suite itself. */
export async function runCase(
  one: StoreCase,
  under: StoreUnderTest,
  expect: TestRunner["expect"],
): Promise<void> {
  const t = new StoreTest(under, expect, await under.createStore());
  try {
    await one.run(t);
  } finally {
    await t.dispose();
  }
  if (t.assertions === 0) throw new Error(`"${one.title}" asserted nothing, so it proves nothing.`);
}
