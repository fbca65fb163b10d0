// On PostgreSQL: the process lives, and the database is ended by SIGKILL, all of its processes, at random moments of the turn, and started
// again on the same data.
import type { TestPostgres } from "@pawl/test-postgres";
import { readStory, type Story } from "../story.ts";
import { SESSION } from "../the-turn.ts";
import { Doomed } from "./doomed.ts";
import { openPlace, until } from "./place.ts";

const LEASE_TTL_MS = 20_000;
const PATIENCE_MS = 120_000;
const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** When the database dies, in milliseconds since the process began to drive or since the last restart, and how long it stays away. */
export interface Outage {
  readonly afterMs: number;
  readonly forMs: number;
}

export async function killDatabase(
  postgres: TestPostgres,
  schema: string,
  outages: readonly Outage[],
): Promise<Story> {
  const { url } = postgres;
  const place = await openPlace({ url, schema });
  const { worldPath, person, heir } = place;
  const process = new Doomed({ url, schema, worldPath, name: "driver", leaseTtlMs: LEASE_TTL_MS });
  let away = false;
  /** Who cannot reach the database asks again later. */
  const look = async () => {
    process.check();
    if (away) return false;
    return person.look().catch((error: unknown) => {
      if (away || isOfTheOutage(error)) return false;
      throw error;
    });
  };
  try {
    await until("the process began to drive", PATIENCE_MS, async () => {
      process.check();
      return ((await place.store.sessions.load(SESSION))?.openTurn ?? null) !== null;
    });
    const failing = (async () => {
      for (const { afterMs, forMs } of outages) {
        await pass(afterMs);
        away = true;
        await postgres.crash();
        await pass(forMs);
        await postgres.restart();
        away = false;
      }
    })();
    await Promise.all([failing, until("the turn was over", PATIENCE_MS, look)]);
    return await readStory(place.store, heir, place.world);
  } finally {
    await process.kill();
    await place.leave();
  }
}

/** A connection of before the outage may tell of it a moment after. */
function isOfTheOutage(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code === "store_unreachable" || code === "store_read_failed" || code === "store_outcome_unknown";
}
