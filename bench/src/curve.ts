import type { Subject } from "./cell.ts";

export interface CurveOptions {
  /** What is measured, such as `claim a session`. */
  readonly name: string;
  /** What is varied, such as `queued`. */
  readonly of: string;
  readonly unit: string;
  readonly sizes: readonly number[];
  /** The most that it may cost at the largest size, as a multiple of the smallest. */
  readonly atMost?: number;
  sample(size: number): Promise<number>;
}

/** A subject for each size; the smallest is the floor of the others. */
export function curve({ name, of, unit, sizes, atMost, sample }: CurveOptions): readonly Subject[] {
  const titled = (size: number) => `${name}, ${size.toLocaleString("en-US")} ${of}`;
  return sizes.map((at, i) => ({
    name: titled(at),
    unit,
    point: { curve: name, of, at },
    ...(i > 0 && { floor: titled(sizes[0]!) }),
    ...(atMost !== undefined && i === sizes.length - 1 && { target: { of: "ratio", atMost } as const }),
    sample: () => sample(at),
  }));
}
