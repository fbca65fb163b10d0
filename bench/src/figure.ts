import type { Point, Subject, Target } from "./cell.ts";
import { exponent, median, quartileDistance, spread } from "./statistics.ts";

/** The unit of a curve's slope. */
export const EXPONENT = "exponent";

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
  /** The distance between the quartiles of the value, as a share of it. Of an exponent, which may be 0: that distance itself. */
  readonly spread: number;
  /** As a share, the same of the two ratios: the noise to which a change of them is held. Null without a ratio. */
  readonly spread_of_ratio_to_floor: number | null;
  readonly spread_of_ratio_to_best_peer: number | null;
  readonly ratio_to_median_peer: number | null;
  /** Of a peer's figure: our first one that it is compared with, to it, within each round. Null for ours. */
  readonly ratio_of_ours: number | null;
  readonly better: "more" | "less";
  readonly floor: string | null;
  readonly best_peer: string | null;
  /** Subjects at whose work this is another system. */
  readonly peer_of: readonly string[];
  readonly point: Point | null;
  readonly target: Target | null;
  /** Null without a target, and where a comparison could not be made. */
  readonly met: boolean | null;
  readonly rounds: number;
  /** In the order of the rounds, so that anybody can work out all of the above again. */
  readonly samples: readonly number[];
}

type Samples = ReadonlyMap<string, readonly number[]>;

/** What the samples of a cell, by subject and round, come to. */
export function figuresOf(bench: string, subjects: readonly Subject[], samples: Samples): readonly Figure[] {
  const curves = curvesOf(subjects, samples);
  const all = [...subjects, ...curves.map(({ subject }) => subject)];
  const values = new Map([
    ...samples,
    ...curves.map(({ subject, values }) => [subject.name, values] as const),
  ]);
  return all.map((subject) => figureOf(bench, subject, all, values));
}

function figureOf(bench: string, subject: Subject, all: readonly Subject[], samples: Samples): Figure {
  const { name, unit, floor, target, point } = subject;
  const values = samples.get(name) ?? [];
  const below = floor === undefined ? undefined : samples.get(floor);
  if (floor !== undefined && below === undefined) throw new Error(`${bench} has no subject "${floor}".`);
  const toFloor = below === undefined ? undefined : ratiosWithinRounds(values, below);
  const better = subject.better ?? betterOf(unit);
  const toPeers = all
    .filter(({ peerOf }) => peerOf?.includes(name))
    .map((peer) => ({ name: peer.name, ratios: ratiosWithinRounds(values, samples.get(peer.name) ?? []) }));
  const best = bestOf(toPeers, better);
  const ours = subject.peerOf?.[0] === undefined ? undefined : samples.get(subject.peerOf[0]);
  const figure = {
    bench,
    subject: name,
    value: median(values),
    unit,
    ratio_to_floor: toFloor === undefined ? null : median(toFloor),
    ratio_to_best_peer: best === undefined ? null : median(best.ratios),
    spread: unit === EXPONENT ? quartileDistance(values) : spread(values),
    spread_of_ratio_to_floor: toFloor === undefined ? null : spread(toFloor),
    spread_of_ratio_to_best_peer: best === undefined ? null : spread(best.ratios),
    ratio_to_median_peer: toPeers.length === 0 ? null : median(toPeers.map(({ ratios }) => median(ratios))),
    ratio_of_ours: ours === undefined ? null : median(ratiosWithinRounds(ours, values)),
    better,
    floor: floor ?? null,
    best_peer: best?.name ?? null,
    peer_of: subject.peerOf ?? [],
    point: point ?? null,
    target: target ?? null,
    rounds: values.length,
    samples: values,
  };
  return { ...figure, met: isMet(figure, target) };
}

function betterOf(unit: string): "more" | "less" {
  return /\/s( CPU)?$/.test(unit) ? "more" : "less";
}

function ratiosWithinRounds(values: readonly number[], others: readonly number[]): readonly number[] {
  return values.map((value, round) => value / others[round]!);
}

/** The best peer is the one that leaves us the least advantage. */
function bestOf<Peer extends { readonly ratios: readonly number[] }>(
  peers: readonly Peer[],
  better: "more" | "less",
): Peer | undefined {
  const sorted = peers.toSorted((a, b) => median(a.ratios) - median(b.ratios));
  return better === "more" ? sorted[0] : sorted.at(-1);
}

/** Figures for each curve: the slope in each round, and that of its last two sizes, since a curve may bend. */
function curvesOf(subjects: readonly Subject[], samples: Samples) {
  const points = Map.groupBy(
    subjects.filter(({ point }) => point !== undefined),
    ({ point }) => point!.curve,
  );
  return [...points].flatMap(([curve, of]) => {
    const name = `${curve}: exponent in ${of[0]!.point!.of}`;
    const end = of.slice(-2);
    const from = end[0]!.point!.at.toLocaleString("en-US");
    return [
      slopeOf(name, of, samples),
      ...(of.length > 2 ? [slopeOf(`${name}, from ${from} on`, end, samples)] : []),
    ];
  });
}

function slopeOf(name: string, of: readonly Subject[], samples: Samples) {
  const sizes = of.map(({ point }) => point!.at);
  const rounds = samples.get(of[0]!.name)?.length ?? 0;
  const values = Array.from({ length: rounds }, (_, round) =>
    exponent(
      sizes,
      of.map((subject) => samples.get(subject.name)![round]!),
    ),
  );
  const subject: Subject = { name, unit: EXPONENT, sample: () => Number.NaN };
  return { subject, values };
}

function isMet(figure: Omit<Figure, "met">, target: Target | undefined): boolean | null {
  if (target === undefined) return null;
  const measured = {
    value: figure.value,
    ratio: figure.ratio_to_floor,
    peer: figure.ratio_to_best_peer,
    medianPeer: figure.ratio_to_median_peer,
  }[target.of];
  // A comparison that this machine could not make is neither met nor missed.
  if (measured === null) return null;
  return measured >= (target.atLeast ?? -Infinity) && measured <= (target.atMost ?? Infinity);
}
