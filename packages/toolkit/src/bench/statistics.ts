/** @file The arithmetic of a comparison. */

/** The middle value of a list; the mean of the two middle ones if its length is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median over the turns of `theirs / ours`: above 1 ours is faster. Slow phases of the machine affect both sides of a turn. */
export const medianRatio = (ours: readonly number[], theirs: readonly number[]): number =>
  median(ours.map((own, turn) => theirs[turn]! / own));

/** Pearson's correlation of two lists of logits. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [da, db] = [a[i]! - meanA, b[i]! - meanB];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return ab / Math.sqrt(aa * bb);
}
