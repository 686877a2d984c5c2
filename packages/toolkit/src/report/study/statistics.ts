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
 * correctly or both wrongly do not count, so the interval is much narrower than that of either accuracy. It does not shrink to nothing
 * if the classifiers agree on all of a few images.
 *
 * @param lost images that only the first classifies correctly
 * @param gained images that only the second classifies correctly
 * @see Bonett and Price 2012, "Adjusted Wald confidence interval for a difference of binomial proportions based on paired data"
 */
export function pairedChange(lost: number, gained: number, count: number): Interval {
  const [first, second] = [(lost + 1) / (count + 2), (gained + 1) / (count + 2)];
  const centre = second - first;
  const half = Z * Math.sqrt((first + second - centre * centre) / (count + 2));
  return { value: (gained - lost) / count, low: Math.max(-1, centre - half), high: Math.min(1, centre + half) };
}

/**
 * The change between two accuracies on the same number of images, with a 95 % interval for the case that nobody counted the
 * images that only one of the two classifies correctly.
 *
 * @param before, after accuracies, 0…1
 * @param count number of images on which each was measured
 * @see Agresti and Caffo 2000, "Simple and effective confidence intervals for proportions and differences of proportions"
 */
export function change(before: number, after: number, count: number): Interval {
  const [first, second] = [before, after].map((share) => (share * count + 1) / (count + 2)) as [number, number];
  const centre = second - first;
  const half = Z * Math.sqrt((first * (1 - first) + second * (1 - second)) / (count + 2));
  return { value: after - before, low: Math.max(-1, centre - half), high: Math.min(1, centre + half) };
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
