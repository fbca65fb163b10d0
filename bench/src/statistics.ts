/** @throws RangeError without values */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The distance between the quartiles, as a share of the median: 0.1 says that half of the samples lay within 10 % of each other. */
export function spread(values: readonly number[]): number {
  const middle = median(values);
  return middle === 0 ? 0 : (quantile(values, 0.75) - quantile(values, 0.25)) / Math.abs(middle);
}

/** Linear between the two nearest samples (Hyndman and Fan, type 7). */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("There is nothing to summarise: take at least one sample.");
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)]!;
  const high = sorted[Math.ceil(at)]!;
  return low + (high - low) * (at - Math.floor(at));
}
