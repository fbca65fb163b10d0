import { type AbsentPeer, type Cell, type Effort, MIN_ROUNDS } from "./cell.ts";
import { endWhatIsLeft } from "./ends-with-cell.ts";
import { type Figure, figuresOf } from "./figure.ts";

/** A peer that never answers must not keep a run for ever. */
const CELL_LIMIT_MS = 600_000;

export interface Measured {
  readonly figures: readonly Figure[];
  readonly absent: readonly AbsentPeer[];
}

/**
 * Measures a cell. Every round takes one sample of each subject, and each round begins with another one, so that neither a slow
 * minute of the machine nor what a neighbour leaves behind falls on one subject only. Aborted, it closes the cell at once, whatever is
 * being measured, and rejects with the signal's reason.
 */
export async function runCell(cell: Cell, effort: Effort, signal?: AbortSignal): Promise<Measured> {
  const tooLate = new AbortController();
  const minutes = CELL_LIMIT_MS / 60_000;
  const limit = setTimeout(
    () => tooLate.abort(new Error(`${cell.name} did not end within ${minutes} minutes.`)),
    CELL_LIMIT_MS,
  );
  try {
    return await runWithin(cell, effort, AbortSignal.any([tooLate.signal, ...(signal ? [signal] : [])]));
  } finally {
    clearTimeout(limit);
    await endWhatIsLeft();
  }
}

async function runWithin(cell: Cell, effort: Effort, signal: AbortSignal): Promise<Measured> {
  const began = performance.now();
  const elapsed = () => performance.now() - began;
  const { subjects, absent = [], close } = await cell.open(effort);
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    const samples = new Map(subjects.map(({ name }) => [name, [] as number[]]));
    const warmUps = cell.noWarmUp ? 0 : effort.warmUps;
    const rounds = Math.min(effort.rounds, cell.maxRounds ?? effort.rounds);
    for (let round = -warmUps; round < rounds; round++) {
      // Where one round takes long it is enough of a warm-up.
      if (round < 0 && round > -warmUps && elapsed() > effort.budgetMs / 4) continue;
      if (round >= MIN_ROUNDS && elapsed() > effort.budgetMs) break;
      for (let i = 0; i < subjects.length; i++) {
        signal.throwIfAborted();
        const subject = subjects[(i + round + warmUps) % subjects.length]!;
        const sample = Promise.resolve(subject.sample());
        // What was being measured fails when its cell is closed under it.
        sample.catch(() => undefined);
        const value = await Promise.race([sample, aborted.promise]);
        if (!Number.isFinite(value)) throw new Error(`${cell.name}: "${subject.name}" measured ${value}.`);
        if (round >= 0) samples.get(subject.name)!.push(value);
      }
    }
    return { figures: figuresOf(cell.name, subjects, samples), absent };
  } finally {
    signal.removeEventListener("abort", onAbort);
    await close?.();
  }
}
