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
  /**
   * As `ratio_to_floor`, against the peer that does best at the same work: above 1 is more of the unit, which is better for rates and
   * worse for times and bytes. Null without a peer.
   */
  readonly ratio_to_best_peer: number | null;
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
    const toPeers = subjects
      .filter(({ peerOf }) => peerOf === name)
      .map((peer) => ratioWithinRounds(values, samples.get(peer.name) ?? []));
    const figure: Figure = {
      bench,
      subject: name,
      value: median(values),
      unit,
      ratio_to_floor: below === undefined ? null : ratioWithinRounds(values, below),
      ratio_to_best_peer: toPeers.length === 0 ? null : closest(toPeers, unit),
      spread: spread(values),
    };
    return { figure, target, met: isMet(figure, target) };
  });
}

function ratioWithinRounds(values: readonly number[], others: readonly number[]): number {
  return median(values.map((value, round) => value / others[round]!));
}

/** The best peer is the one that leaves us the least advantage. */
function closest(ratios: readonly number[], unit: string): number {
  return unit.endsWith("/s") ? Math.min(...ratios) : Math.max(...ratios);
}

function isMet(figure: Figure, target: Target | undefined): boolean | undefined {
  if (target === undefined) return undefined;
  const { value, ratio_to_floor, ratio_to_best_peer } = figure;
  // A comparison that this machine could not make is neither met nor missed.
  if (target.of === "peer" && ratio_to_best_peer === null) return undefined;
  const measured = { value, ratio: ratio_to_floor ?? Number.NaN, peer: ratio_to_best_peer ?? Number.NaN }[
    target.of
  ];
  return measured >= (target.atLeast ?? -Infinity) && measured <= (target.atMost ?? Infinity);
}
