import type { Figure } from "../figure.ts";
import { pooled } from "./pooled.ts";

/** Changes of a ratio below this are never told, however quiet the machine was. */
const LEAST_NOISE = 0.1;
/** The standard error of the median of n samples is this share of the distance between their quartiles, by √n, where they are normal. */
const ERROR_OF_MEDIAN = 0.93;

/** By how many standard errors a ratio has to be worse to be measured again, and, over both measurements, to have fallen. */
const SUSPECTED_ERRORS = 2;
const FALLEN_ERRORS = 3;

/** A ratio that got worse. */
export interface Fall {
  readonly bench: string;
  readonly subject: string;
  readonly of: "floor" | "best peer";
  readonly before: number;
  readonly now: number;
  /** How many times worse it is: 2 is half of a rate, or twice a time. */
  readonly worse: number;
  /** The share of that which the noise of both runs allows: 0.3 for up to 1.3. */
  readonly noise: number;
}

export interface Comparison {
  /** Ratios that both runs have. */
  readonly compared: number;
  readonly falls: readonly Fall[];
  /** What has a ratio before and none now. */
  readonly gone: readonly string[];
}

/** Two runs of one cell: of before and of now. */
export interface Measurement {
  /** Empty where before cannot be measured a second time. */
  readonly before: readonly Figure[];
  readonly now: readonly Figure[];
}

/** Ratios alone: absolute times of two runs say more about the machine than about the commits. */
export function judge({ before, now }: Measurement, errors: number = SUSPECTED_ERRORS): Comparison {
  const known = new Map(before.map((figure) => [nameOf(figure), figure]));
  const changes = now.flatMap((figure) => {
    const old = known.get(nameOf(figure));
    return old === undefined ? [] : changesOf(old, figure, errors);
  });
  const here = new Set(now.filter(hasRatio).map(nameOf));
  const gone = before.filter((figure) => hasRatio(figure) && !here.has(nameOf(figure)));
  return {
    compared: changes.length,
    falls: changes.filter(({ worse, noise }) => worse > 1 + noise),
    gone: gone.map(({ subject }) => subject),
  };
}

/**
 * Of what fell in a first measurement, what has fallen: a second one has to find it worse too, by more than `LEAST_NOISE`, and both
 * together, whose medians are less noisy, by more than is left to chance where fifty ratios are looked at.
 */
export function confirm(
  suspected: readonly Fall[],
  first: Measurement,
  second: Measurement,
): readonly Fall[] {
  const before = second.before.length === 0 ? first.before : second.before;
  const again = judge({ before, now: second.now }, 0).falls;
  const both = {
    before: second.before.length === 0 ? first.before : pooled(first.before, second.before),
    now: pooled(first.now, second.now),
  };
  const isSame = (a: Fall) => (b: Fall) => a.subject === b.subject && a.of === b.of;
  return judge(both, FALLEN_ERRORS).falls.filter(
    (fall) => suspected.some(isSame(fall)) && again.some(isSame(fall)),
  );
}

function nameOf({ bench, subject }: Figure): string {
  return `${bench} ${subject}`;
}

function hasRatio({ ratio_to_floor, ratio_to_best_peer }: Figure): boolean {
  return ratio_to_floor !== null || ratio_to_best_peer !== null;
}

function changesOf(old: Figure, now: Figure, errors: number): readonly Fall[] {
  const { bench, subject, better } = now;
  const change = (
    of: Fall["of"],
    before: number | null,
    after: number | null,
    spreads: readonly [number | null | undefined, number | null],
  ): readonly Fall[] => {
    if (before === null || after === null || before <= 0 || after <= 0) return [];
    const worse = better === "more" ? before / after : after / before;
    // Of two runs that know nothing of one another, as errors add up: by their squares.
    const error = Math.hypot(errorOf(spreads[0] ?? 0, old.rounds), errorOf(spreads[1] ?? 0, now.rounds));
    return [{ bench, subject, of, before, now: after, worse, noise: Math.max(LEAST_NOISE, errors * error) }];
  };
  return [
    ...change("floor", old.ratio_to_floor, now.ratio_to_floor, [
      // Lines of an older command have the spread of the value alone.
      old.spread_of_ratio_to_floor ?? old.spread,
      now.spread_of_ratio_to_floor,
    ]),
    ...change("best peer", old.ratio_to_best_peer, now.ratio_to_best_peer, [
      old.spread_of_ratio_to_best_peer ?? old.spread,
      now.spread_of_ratio_to_best_peer,
    ]),
  ];
}

/** Of the median of so many rounds. */
function errorOf(spread: number, rounds: number): number {
  return (ERROR_OF_MEDIAN * spread) / Math.sqrt(Math.max(rounds, 1));
}
