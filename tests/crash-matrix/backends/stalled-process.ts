// On PostgreSQL: a real process, held by a real SIGSTOP at the point. Its connections stay open and its lease runs out; the process of
// this test takes over and ends the turn. Then the first one wakes up, believing that no time has passed.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import pg from "pg";
import type { CrashPoint } from "../crash-point.ts";
import { readStory, type Story } from "../story.ts";
import { SESSION } from "../the-turn.ts";
import { Doomed } from "./doomed.ts";
import { openPlace, until } from "./place.ts";

/** Waited for in every run; long enough for a slow machine to renew it. */
const LEASE_TTL_MS = 2_000;
const PATIENCE_MS = 60_000;

export interface StalledRun {
  readonly story: Story;
  /** The writes that the stalled process still tried and that were refused; none when its own lease latch was faster (D3). */
  readonly refused: readonly string[];
  /** What is wrong with that. */
  readonly problems: readonly string[];
}

export async function stallProcess(url: string, schema: string, point: CrashPoint): Promise<StalledRun> {
  const place = await openPlace({ url, schema });
  const { worldPath, person, heir, store, folder } = place;
  const releaseAt = join(folder, "release");
  const doomed = new Doomed({
    url,
    schema,
    worldPath,
    name: "doomed",
    leaseTtlMs: LEASE_TTL_MS,
    point,
    releaseAt,
  });
  try {
    await until("the process came to its point", PATIENCE_MS, async () => {
      doomed.check();
      if (!doomed.atPoint) await person.look();
      return doomed.atPoint;
    });
    doomed.pause();
    const generation = await generationOf(url, schema);
    heir.resume();
    await until("the turn was over", PATIENCE_MS, person.look);
    // Also where there was nothing left to do: nobody believes in it any more.
    await until(
      "its node was taken over",
      PATIENCE_MS,
      async () => (await generationOf(url, schema)) !== generation,
    );
    // Committed is not left yet.
    await until(
      "the session was left",
      PATIENCE_MS,
      async () => (await store.sessions.load(SESSION))?.holder === null,
    );
    const before = await picture(store);
    await writeFile(releaseAt, "");
    doomed.resume();
    await doomed.stop();
    const after = await picture(store);
    const problems = doomed.writes
      // What is committed is answered with its receipt, whoever asks (D20).
      .filter(({ verb, code }) => code === "ok" && verb !== "sessions.commit")
      .map(({ verb }) => `the stalled process could still write: ${verb}`);
    if (!doomed.writes.every(({ code }) => code === "ok" || code === "store_fenced"))
      problems.push(`a write ended as ${doomed.writes.map(({ code }) => code).join(", ")}`);
    if (before !== after) problems.push("the stalled process changed what is stored");
    const refused = doomed.writes.filter(({ code }) => code !== "ok").map(({ verb }) => verb);
    return { story: await readStory(store, heir, place.world), refused, problems };
  } finally {
    doomed.resume();
    await doomed.kill();
    await place.leave();
  }
}

async function generationOf(url: string, schema: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ generation: string }>(
      `select generation from ${schema}.nodes where node_id = 'doomed'`,
    );
    return rows[0]?.generation;
  } finally {
    await client.end();
  }
}

/** Everything that is stored of the session. */
async function picture(store: Store<never>): Promise<string> {
  return canonicalJson({
    record: await store.sessions.load(SESSION),
    transcript: await store.sessions.transcript(SESSION),
    receipts: await store.sessions.receipts(SESSION),
    inputs: await store.inbox.list(SESSION),
    log: await store.log.read(SESSION),
  });
}
