import { type AbsentPeer, type Cell, type Effort, MIN_ROUNDS, type OpenCell, type Subject } from "./cell.ts";
import { endWhatIsLeft } from "./ends-with-cell.ts";
import { type Figure, figuresOf } from "./figure.ts";

/** A peer that never answers must not keep a run for ever. */
const CELL_LIMIT_MS = 600_000;

/** How often a person hears that something is going on. */
const TELL_EVERY_MS = 5_000;
/** So long may what a cell was starting when it was aborted take to end. */
const OPENING_ENDS_MS = 10_000;

export interface Measured {
  readonly figures: readonly Figure[];
  readonly absent: readonly AbsentPeer[];
}

/**
 * Measures a cell. Every round takes one sample of each subject, and each round begins with another one, so that neither a slow
 * minute of the machine nor what a neighbour leaves behind falls on one subject only. Aborted, it closes the cell at once, whatever is
 * being measured, and rejects with the signal's reason.
 *
 * @param tell is told every few seconds what is being measured
 */
export async function runCell(
  cell: Cell,
  effort: Effort,
  signal?: AbortSignal,
  tell?: (text: string) => void,
): Promise<Measured> {
  const tooLate = new AbortController();
  const minutes = CELL_LIMIT_MS / 60_000;
  const limit = setTimeout(
    () => tooLate.abort(new Error(`${cell.name} did not end within ${minutes} minutes.`)),
    CELL_LIMIT_MS,
  );
  try {
    const either = AbortSignal.any([tooLate.signal, ...(signal ? [signal] : [])]);
    return await runWithin(cell, effort, either, everyNow(tell));
  } finally {
    clearTimeout(limit);
    await endWhatIsLeft();
  }
}

async function runWithin(
  cell: Cell,
  effort: Effort,
  signal: AbortSignal,
  tell: (text: string) => void,
): Promise<Measured> {
  const began = performance.now();
  const elapsed = () => performance.now() - began;
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  const { subjects, absent = [], close } = await opened(cell.open(effort), aborted.promise);
  try {
    const samples = new Map(subjects.map(({ name }) => [name, [] as number[]]));
    const failed = new Map<string, string>();
    const isOut = ({ name }: Subject) => failed.has(systemOf(name) ?? "");
    const warmUps = cell.noWarmUp ? 0 : effort.warmUps;
    const rounds = Math.min(effort.rounds, cell.maxRounds ?? effort.rounds);
    for (let round = -warmUps; round < rounds; round++) {
      // Where one round takes long it is enough of a warm-up.
      if (round < 0 && round > -warmUps && elapsed() > effort.budgetMs / 4) continue;
      if (round >= MIN_ROUNDS && elapsed() > effort.budgetMs) break;
      for (let i = 0; i < subjects.length; i++) {
        signal.throwIfAborted();
        const subject = subjects[(i + round + warmUps) % subjects.length]!;
        if (isOut(subject)) continue;
        tell(`${cell.name}: ${round < 0 ? "warm-up" : `round ${round + 1} of ${rounds}`}, ${subject.name}`);
        try {
          const sample = Promise.resolve(subject.sample());
          // What was being measured fails when its cell is closed under it.
          sample.catch(() => undefined);
          const value = await Promise.race([sample, aborted.promise]);
          if (!Number.isFinite(value)) throw new Error(`${cell.name}: "${subject.name}" measured ${value}.`);
          if (round >= 0) samples.get(subject.name)!.push(value);
        } catch (cause) {
          const system = systemOf(subject.name);
          if (system === undefined || signal.aborted) throw cause;
          // Somebody else's system that fails is told, and the others are still worth measuring.
          failed.set(system, `It failed while it was measured: ${firstLine(cause)}`);
        }
      }
    }
    const measured = subjects.filter((subject) => !isOut(subject));
    return {
      figures: figuresOf(cell.name, measured, samples),
      absent: [...absent, ...[...failed].map(([name, reason]) => ({ name, reason, failed: true as const }))],
    };
  } finally {
    signal.removeEventListener("abort", onAbort);
    await close?.();
  }
}

/** The other system whose figure this is, which stands behind its name. */
function systemOf(subject: string): string | undefined {
  return subject.split(" · ")[1];
}

function firstLine(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split("\n")[0] ?? "";
}

/** Aborted, it ends what is being started, as it comes, and rejects. */
async function opened(opening: Promise<OpenCell>, aborted: Promise<never>): Promise<OpenCell> {
  try {
    return await Promise.race([opening, aborted]);
  } catch (cause) {
    const settled = opening.then(
      ({ close }) => close?.(),
      () => undefined,
    );
    const end = performance.now() + OPENING_ENDS_MS;
    let ended = false;
    void settled.finally(() => {
      ended = true;
    });
    do {
      await endWhatIsLeft();
      await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, 100))]);
    } while (!ended && performance.now() < end);
    throw cause;
  }
}

function everyNow(tell: (text: string) => void = () => undefined): (text: string) => void {
  let last = performance.now();
  return (text) => {
    if (performance.now() - last < TELL_EVERY_MS) return;
    last = performance.now();
    tell(text);
  };
}
