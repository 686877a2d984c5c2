/** @file Whether a network knows the classes, but by other numbers than the labels. */

/**
 * Share of images that would be right if each label were the class that its images are mostly named as, no class twice. Near 1 where
 * only the order of the classes differs, near the accuracy itself if the network is right or knows nothing.
 *
 * @param confusion `[labels][classes]`: images
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
