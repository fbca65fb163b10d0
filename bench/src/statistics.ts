/** @throws RangeError without values */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The distance between the quartiles, as a share of the median: 0.1 says that half of the samples lay within 10 % of each other. */
export function spread(values: readonly number[]): number {
  const middle = median(values);
  return middle === 0 ? 0 : quartileDistance(values) / Math.abs(middle);
}

export function quartileDistance(values: readonly number[]): number {
  return quantile(values, 0.75) - quantile(values, 0.25);
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

/**
 * The b of `value = a · size^b` that fits best, by least squares over the logarithms: 0 for what does not grow, 1 for what grows with the
 * size. Values of 0 and below have no logarithm and count as the smallest that does.
 */
export function exponent(sizes: readonly number[], values: readonly number[]): number {
  const smallest = Math.min(...values.filter((value) => value > 0));
  const xs = sizes.map(Math.log);
  const ys = values.map((value) => Math.log(value > 0 ? value : smallest));
  const mean = (of: readonly number[]) => of.reduce((sum, one) => sum + one, 0) / of.length;
  const [x, y] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, one, i) => sum + (one - x) * (ys[i]! - y), 0);
  return covariance / xs.reduce((sum, one) => sum + (one - x) ** 2, 0);
}
