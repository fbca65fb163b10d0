import type { AbsentPeer, Cell, Effort } from "./cell.ts";
import { figuresOf, type Judged } from "./figure.ts";

export interface Measured {
  readonly judged: readonly Judged[];
  readonly absent: readonly AbsentPeer[];
}

/**
 * Measures a cell. Every round takes one sample of each subject, and each round begins with another one, so that neither a slow
 * minute of the machine nor what a neighbour leaves behind falls on one subject only. Aborted, it ends after the sample that is being taken, closes the cell and rejects with the signal's reason.
 */
export async function runCell(cell: Cell, effort: Effort, signal?: AbortSignal): Promise<Measured> {
  const { subjects, absent = [], close } = await cell.open(effort);
  try {
    const samples = new Map(subjects.map(({ name }) => [name, [] as number[]]));
    const rounds = Math.min(effort.rounds, cell.maxRounds ?? effort.rounds);
    for (let round = -effort.warmUps; round < rounds; round++) {
      for (let i = 0; i < subjects.length; i++) {
        signal?.throwIfAborted();
        const subject = subjects[(i + round + effort.warmUps) % subjects.length]!;
        const value = await subject.sample();
        if (!Number.isFinite(value)) throw new Error(`${cell.name}: "${subject.name}" measured ${value}.`);
        if (round >= 0) samples.get(subject.name)!.push(value);
      }
    }
    return { judged: figuresOf(cell.name, subjects, samples), absent };
  } finally {
    await close?.();
  }
}
