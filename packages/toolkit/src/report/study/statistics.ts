/** @file The statistics of a report: intervals of accuracies and of their differences, and Pareto fronts. */

/** An estimate with the bounds of its 95 % interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 % quantile of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * Wilson's 95 % interval of a share: how far accuracy on other images of the same kind may differ.
 *
 * @param share 0…1
 * @param count number of images on which it was measured
 * @see Wilson 1927, "Probable inference, the law of succession, and statistical inference"
 */
export function wilson(share: number, count: number): Interval {
  const z2 = Z * Z;
  const centre = (share + z2 / (2 * count)) / (1 + z2 / count);
  const half = (Z / (1 + z2 / count)) * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count * count));
  return { value: share, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/**
 * The change of accuracy between two classifiers of the same images, with its 95 % interval. Images that both classify
 * correctly or both wrongly do not count, so the interval is much narrower than that of either accuracy.
 *
 * @param lost images that only the first classifies correctly
 * @param gained images that only the second classifies correctly
 */
export function pairedChange(lost: number, gained: number, count: number): Interval {
  const value = (gained - lost) / count;
  const deviation = Math.sqrt((lost + gained) / count - value * value) / Math.sqrt(count);
  return { value, low: value - Z * deviation, high: value + Z * deviation };
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The points that no other point beats in both respects, by increasing cost. */
export function paretoFront<Point>(
  points: readonly Point[],
  costOf: (point: Point) => number,
  worthOf: (point: Point) => number,
): readonly Point[] {
  const sorted = points.toSorted((a, b) => costOf(a) - costOf(b) || worthOf(b) - worthOf(a));
  const front: Point[] = [];
  let best = Number.NEGATIVE_INFINITY;
  for (const point of sorted) {
    if (!(worthOf(point) > best)) continue;
    best = worthOf(point);
    front.push(point);
  }
  return front;
}
