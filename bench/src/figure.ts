import type { Subject, Target } from "./cell.ts";
import { median, spread } from "./statistics.ts";

/** One line of `--json`. */
export interface Figure {
  readonly bench: string;
  readonly subject: string;
  /** The median of the samples. */
  readonly value: number;
  readonly unit: string;
  /** The median of the ratios of each round: what slows a whole round down does not move it. Null without a floor. */
  readonly ratio_to_floor: number | null;
  /** The distance between the quartiles of the value, as a share of it. */
  readonly spread: number;
}

export interface Judged {
  readonly figure: Figure;
  readonly target: Target | undefined;
  /** Undefined without a target. */
  readonly met: boolean | undefined;
}

/** What the samples of a cell, by subject and round, come to. */
export function figuresOf(
  bench: string,
  subjects: readonly Subject[],
  samples: ReadonlyMap<string, readonly number[]>,
): readonly Judged[] {
  return subjects.map(({ name, unit, floor, target }) => {
    const values = samples.get(name) ?? [];
    const below = floor === undefined ? undefined : samples.get(floor);
    if (floor !== undefined && below === undefined) throw new Error(`${bench} has no subject "${floor}".`);
    const ratio = below === undefined ? null : median(values.map((value, round) => value / below[round]!));
    const value = median(values);
    const figure = { bench, subject: name, value, unit, ratio_to_floor: ratio, spread: spread(values) };
    return { figure, target, met: isMet(figure, target) };
  });
}

function isMet({ value, ratio_to_floor }: Figure, target: Target | undefined): boolean | undefined {
  if (target === undefined) return undefined;
  const measured = target.of === "value" ? value : (ratio_to_floor ?? Number.NaN);
  return measured >= (target.atLeast ?? -Infinity) && measured <= (target.atMost ?? Infinity);
}
