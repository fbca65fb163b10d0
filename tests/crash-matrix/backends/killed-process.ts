// On PostgreSQL: a real process, ended by a real SIGKILL at the point; then the process of this test goes on.
import type { CrashPoint } from "../crash-point.ts";
import { readStory, type Story } from "../story.ts";
import { Doomed } from "./doomed.ts";
import { openPlace, until } from "./place.ts";

/** Not waited for: a dead process is noticed by its lock. */
const LEASE_TTL_MS = 20_000;
/** Far longer than any run takes, on any machine. */
const PATIENCE_MS = 60_000;

/** Without a point the process lives, and the run is the undisturbed one. */
export async function killProcess(url: string, schema: string, point?: CrashPoint): Promise<Story> {
  const place = await openPlace({ url, schema });
  const { worldPath, person, heir } = place;
  const doomed = new Doomed({
    url,
    schema,
    worldPath,
    name: "doomed",
    leaseTtlMs: LEASE_TTL_MS,
    ...(point && { point }),
  });
  try {
    let over = false;
    await until("the process came to its point", PATIENCE_MS, async () => {
      if (doomed.atPoint) return true;
      doomed.check();
      over = await person.look();
      // Leaving the session comes after the end of the turn.
      return over && point === undefined;
    });
    if (point !== undefined) {
      await doomed.kill();
      heir.resume();
    }
    await until("the turn was over", PATIENCE_MS, person.look);
    return await readStory(place.store, heir, place.world);
  } finally {
    await doomed.kill();
    await place.leave();
  }
}
