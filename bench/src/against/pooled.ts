import type { Subject } from "../cell.ts";
import { EXPONENT, type Figure, figuresOf } from "../figure.ts";

/**
 * The figures of one cell from two measurements of the same, as if it had been one with the rounds of both. What only one of them has is
 * left out, and so are lines of an older command, which have no samples.
 */
export function pooled(first: readonly Figure[], second: readonly Figure[]): readonly Figure[] {
  const others = new Map(second.map((figure) => [figure.subject, figure]));
  const samples = new Map(
    first.flatMap(({ subject, unit, samples = [] }) => {
      const more = others.get(subject)?.samples ?? [];
      // Slopes are figures of their own, and have no ratio.
      return unit === EXPONENT || samples.length === 0 || more.length === 0
        ? []
        : [[subject, [...samples, ...more]] as const];
    }),
  );
  const isHere = (name: string | null) => name === null || samples.has(name);
  const subjects = first
    .filter(({ subject, floor }) => isHere(subject) && isHere(floor))
    .map(
      ({ subject, unit, better, floor, peer_of }): Subject => ({
        name: subject,
        unit,
        better,
        peerOf: peer_of,
        ...(floor !== null && { floor }),
        sample: () => Number.NaN,
      }),
    );
  return figuresOf(first[0]?.bench ?? "", subjects, samples);
}
