import { runInMemory } from "./backends/memory.ts";
import { stallProcess } from "./backends/stalled-process.ts";
import { type CrashPoint, nameOf } from "./crash-point.ts";
import { readExpected } from "./expected.ts";
import { broken, judge, type Verdict, verdict } from "./judge.ts";
import { inLanes } from "./lanes.ts";
import type { Tell } from "./memory-matrix.ts";

/** Most of a run is waiting for a lease to run out. */
const LANES = 5;

export async function stallMatrix(url: string, tell: Tell, only?: readonly CrashPoint[]): Promise<void> {
  const table = readExpected("The process stalls and comes back");
  const calm = (await runInMemory()).story;
  let refused = 0;
  await inLanes(LANES, only ?? table.points, async (point, index) => {
    try {
      const run = await stallProcess(url, `matrix_stall_${index}`, point);
      refused += run.refused.length;
      const { problems: given, ...rest } = judge("stall", point, table.of(point), run.story, calm);
      const all = [...given, ...run.problems];
      tell({ ...rest, passed: all.length === 0, problems: all } satisfies Verdict);
    } catch (error) {
      tell(broken("stall", nameOf(point), error));
    }
  });
  // Stalled processes of which none tried to write would prove no fence.
  const problems = refused > 0 ? [] : ["no stalled process tried to write, so no fence was tested"];
  tell(verdict("stall", `${refused} late writes refused`, { performed: {}, asked: null }, problems));
}
