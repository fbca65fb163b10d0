import type { Cell, Effort } from "./cell.ts";
import { figuresOf, type Judged } from "./figure.ts";

/**
 * Measures a cell. Every round takes one sample of each subject, and each round begins with another one, so that neither a slow
 * minute of the machine nor what a neighbour leaves behind falls on one subject only.
 */
export async function runCell(cell: Cell, effort: Effort): Promise<readonly Judged[]> {
  const { subjects, close } = await cell.open(effort);
  try {
    const samples = new Map(subjects.map(({ name }) => [name, [] as number[]]));
    for (let round = -effort.warmUps; round < effort.rounds; round++) {
      for (let i = 0; i < subjects.length; i++) {
        const subject = subjects[(i + round + effort.warmUps) % subjects.length]!;
        const value = await subject.sample();
        if (!Number.isFinite(value)) throw new Error(`${cell.name}: "${subject.name}" measured ${value}.`);
        if (round >= 0) samples.get(subject.name)!.push(value);
      }
    }
    return figuresOf(cell.name, subjects, samples);
  } finally {
    await close?.();
  }
}
