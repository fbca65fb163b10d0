import type { Figure } from "../figure.ts";

/** Changes of a ratio below this are never told, however quiet the machine was. */
const LEAST_NOISE = 0.1;

/** A ratio that got worse. */
export interface Fall {
  readonly bench: string;
  readonly subject: string;
  readonly of: "floor" | "best peer";
  readonly before: number;
  readonly now: number;
  /** How many times worse it is: 2 is half of a rate, or twice a time. */
  readonly worse: number;
  /** The share of that which the spreads of both runs, the distances between their quartiles, allow: 0.3 for up to 1.3. */
  readonly noise: number;
}

export interface Comparison {
  /** Ratios that both runs have. */
  readonly compared: number;
  readonly falls: readonly Fall[];
}

/** Ratios alone: absolute times of two runs say more about the machine than about the commits. */
export function judge(before: readonly Figure[], now: readonly Figure[]): Comparison {
  const known = new Map(before.map((figure) => [`${figure.bench} ${figure.subject}`, figure]));
  const changes = now.flatMap((figure) => {
    const old = known.get(`${figure.bench} ${figure.subject}`);
    return old === undefined ? [] : changesOf(old, figure);
  });
  return { compared: changes.length, falls: changes.filter(({ worse, noise }) => worse > 1 + noise) };
}

function changesOf(old: Figure, now: Figure): readonly Fall[] {
  const { bench, subject, better } = now;
  const change = (
    of: Fall["of"],
    before: number | null,
    after: number | null,
    spreads: readonly (number | null | undefined)[],
  ): readonly Fall[] => {
    if (before === null || after === null || before <= 0 || after <= 0) return [];
    const worse = better === "more" ? before / after : after / before;
    // Of two runs that know nothing of one another, as errors add up: by their squares.
    const noise = Math.max(LEAST_NOISE, Math.hypot(...spreads.map((spread) => spread ?? 0)));
    return [{ bench, subject, of, before, now: after, worse, noise }];
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
