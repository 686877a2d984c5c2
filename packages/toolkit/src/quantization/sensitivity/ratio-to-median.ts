/** @file How far one channel stands out from the others. */

/** `largest` over the median of those values that are not 0; 1 where all are. */
export function ratioToMedian(values: Float64Array, largest: number): number {
  const sorted = values.filter((value) => value > 0).sort();
  return sorted.length === 0 ? 1 : largest / sorted[Math.floor(sorted.length / 2)]!;
}
