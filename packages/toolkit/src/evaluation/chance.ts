/** @file Whether an accuracy is more than chance, and whether one is better than another on the same images. */

/** The number of standard deviations that chance hardly ever reaches. */
const SIGMAS = 3;
/** Share of the way from chance to all right that a trained network is beyond. */
const BEYOND = 0.1;
/** A larger share than this is never considered near chance, however few images there are. */
const FAR_BEYOND = 0.75;

/**
 * Whether so little is right that images and network hardly belong together.
 * @param top1 share of images that are named right
 * @param classes that the images have, 2 or more: a network that always gives the same answer is right on one of so many
 */
export function isNearChance(top1: number, images: number, classes: number): boolean {
  const chance = 1 / classes;
  const deviation = Math.sqrt((chance * (1 - chance)) / images);
  const way = 1 - chance;
  return top1 <= chance + Math.min(Math.max(SIGMAS * deviation, BEYOND * way), FAR_BEYOND * way);
}

/**
 * Whether the difference between two shares of the same number of images is more than chance, taken as of different images.
 * @param images of each
 */
export function isClearlyAbove(share: number, other: number, images: number): boolean {
  const mean = (share + other) / 2;
  return share - other > SIGMAS * Math.sqrt((2 * mean * (1 - mean)) / images);
}

/**
 * Whether one network is better than another on the same images by more than chance (McNemar's test).
 * @param right for each image, 1 where the network names it right; `other` likewise
 */
export function isClearlyBetter(right: ArrayLike<number>, other: ArrayLike<number>): boolean {
  const { gained, lost } = pairedChanges(right, other);
  return gained - lost > SIGMAS * Math.sqrt(gained + lost);
}

/** Number of images that only the first network names right, and of those that only the other does. */
export function pairedChanges(
  right: ArrayLike<number>,
  other: ArrayLike<number>,
): { readonly gained: number; readonly lost: number } {
  let [gained, lost] = [0, 0];
  for (let i = 0; i < right.length; i++) {
    if (right[i]! > other[i]!) gained++;
    if (right[i]! < other[i]!) lost++;
  }
  return { gained, lost };
}
