import { killProcess } from "./backends/killed-process.ts";
import { runInMemory } from "./backends/memory.ts";
import { type CrashPoint, nameOf } from "./crash-point.ts";
import { readExpected } from "./expected.ts";
import { broken, differencesFromCalm, judge, verdict } from "./judge.ts";
import { inLanes } from "./lanes.ts";
import type { Tell } from "./memory-matrix.ts";

/** Real processes: most of a run is waiting, for the start of a process and for each other. */
const LANES = 3;

/** The points of the table, or those that are asked for, each with a SIGKILL. `url`: a PostgreSQL. */
export async function processMatrix(url: string, tell: Tell, only?: readonly CrashPoint[]): Promise<void> {
  const table = readExpected("The process ends");
  // The first run loads what is loaded on demand; see `memory-matrix.ts`.
  await runInMemory();
  const inMemory = await runInMemory();
  const calm = await killProcess(url, "matrix_calm");
  tell(
    verdict("process", "undisturbed", calm, [...calm.faults, ...differencesFromCalm(calm, inMemory.story)]),
  );
  await inLanes(LANES, only ?? table.points, async (point, index) => {
    try {
      const story = await killProcess(url, `matrix_kill_${index}`, point);
      tell(judge("process", point, table.of(point), story, calm));
    } catch (error) {
      tell(broken("process", nameOf(point), error));
    }
  });
}
