import { runInMemory } from "./backends/memory.ts";
import { nameOf, samePoint } from "./crash-point.ts";
import { readExpected } from "./expected.ts";
import { broken, judge, type Verdict } from "./judge.ts";

/** Hears of each verdict as it is known. */
export type Tell = (verdict: Verdict) => void;

/** Every point of the recorded turn, and every cell of the table: what is in only one of them fails. */
export async function memoryMatrix(tell: Tell): Promise<void> {
  const calm = await runInMemory();
  const table = readExpected("The process ends");
  for (const point of calm.passed) {
    try {
      const { story, reached } = await runInMemory(point);
      if (!reached) throw new Error("The process did not come to this point.");
      tell(judge("memory", point, table.of(point), story, calm.story));
    } catch (error) {
      tell(broken("memory", nameOf(point), error));
    }
  }
  for (const point of table.points) {
    if (calm.passed.some((passed) => samePoint(passed, point))) continue;
    tell(
      broken(
        "memory",
        nameOf(point),
        new Error("The table has a cell for it, and the turn has no such moment."),
      ),
    );
  }
}
