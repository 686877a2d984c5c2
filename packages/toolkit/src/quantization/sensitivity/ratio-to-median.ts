/** @file How far one channel stands out from the others. */

/** `largest` divided by the median of the values that are not 0; 1 if all are 0. */
export function ratioToMedian(values: Float64Array, largest: number): number {
  const sorted = values.filter((value) => value > 0).sort();
  return sorted.length === 0 ? 1 : largest / sorted[Math.floor(sorted.length / 2)]!;
}
