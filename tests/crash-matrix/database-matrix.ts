import type { TestPostgres } from "@pawl/test-postgres";
import { seededRandom } from "@pawl/testing";
import { killDatabase, type Outage } from "./backends/killed-database.ts";
import { runInMemory } from "./backends/memory.ts";
import { broken, differencesFromCalm, verdict } from "./judge.ts";
import type { Tell } from "./memory-matrix.ts";
import type { Story } from "./story.ts";

export interface DatabaseMatrixOptions {
  readonly seed: number;
  readonly runs: number;
}

/** The turn takes some hundreds of milliseconds after its beginning. */
const LATEST_MS = 700;
const LONGEST_AWAY_MS = 400;

/** One run after another, each with one or two outages: they share the database that dies. */
export async function databaseMatrix(
  postgres: TestPostgres,
  tell: Tell,
  { seed, runs }: DatabaseMatrixOptions,
): Promise<void> {
  const random = seededRandom(seed);
  const calm = (await runInMemory()).story;
  for (let run = 1; run <= runs; run++) {
    const outages = Array.from(
      { length: 1 + Math.floor(random() * 2) },
      (): Outage => ({
        afterMs: Math.round(random() * LATEST_MS),
        forMs: Math.round(random() * LONGEST_AWAY_MS),
      }),
    );
    const name = outages.map(({ afterMs, forMs }) => `${afterMs} ms for ${forMs} ms`).join(", then after ");
    const point = `outage after ${name}`;
    try {
      const story = await killDatabase(postgres, `matrix_outage_${run}`, outages);
      tell(
        verdict("database", point, story, [
          ...story.faults,
          ...differencesFromCalm(story, calm),
          ...tooOften(story),
        ]),
      );
    } catch (error) {
      tell(broken("database", point, error));
    }
  }
}

/**
 * What a random moment cannot change: `charge` happens once, since whoever is asked tells the truth. The others may be repeated when the
 * database was away for so long that the drive was given up.
 */
function tooOften({ performed }: Story): readonly string[] {
  const problems: string[] = [];
  if (performed.charge !== 1) problems.push(`charge was performed ${performed.charge} times`);
  for (const what of ["look", "refund"]) {
    if ((performed[what] ?? 0) < 1) problems.push(`${what} was not performed`);
  }
  if ((performed.model ?? 0) < 2) problems.push("the model was not called twice");
  return problems;
}
