const BASE_MS = 100;
const MAX_MS = 10_000;

/** Milliseconds after the n-th failure in a row (from 1): exponential, between half and the whole. Pure. */
export function backoffMs(failures: number, random: () => number): number {
  const ceiling = Math.min(MAX_MS, BASE_MS * 2 ** (failures - 1));
  return Math.round(ceiling * (0.5 + 0.5 * random()));
}

/** ±10 %, so that many nodes do not ask at once. Pure. */
export function jittered(ms: number, random: () => number): number {
  return Math.round(ms * (0.9 + 0.2 * random()));
}
