/** @file Decides whether a network knows the classes, but in another order than the labels. */

/**
 * The share of images that would be right if each label meant the class that its images are mostly classified as, with no class
 * twice. It is near 1 if only the order of the classes differs, and near the accuracy if the network is right or knows nothing.
 *
 * @param confusion number of images, `[labels][classes]`
 */
export function reorderedAccuracy(confusion: readonly (readonly number[])[]): number {
  const cells = confusion
    .flatMap((row, label) => row.map((count, predicted) => ({ label, predicted, count })))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
  const labels = new Set<number>();
  const classes = new Set<number>();
  let right = 0;
  for (const { label, predicted, count } of cells) {
    if (labels.has(label) || classes.has(predicted)) continue;
    labels.add(label);
    classes.add(predicted);
    right += count;
  }
  return right / cells.reduce((sum, { count }) => sum + count, 0);
}
