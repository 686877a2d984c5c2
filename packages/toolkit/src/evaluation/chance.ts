/** @file Decides whether an accuracy is above chance, and whether one is better than another on the same images. */

/** Number of standard deviations that chance hardly ever exceeds. */
const SIGMAS = 3;
/** An accuracy within this share of the way from chance to 1 counts as near chance, even with many images. */
const BEYOND = 0.1;
/** An accuracy beyond this share of the way is never considered near chance, even with few images. */
const FAR_BEYOND = 0.75;

/**
 * Whether so few answers are right that images and network hardly belong together.
 * @param top1 share of correct answers
 * @param classes number of classes of the images, at least 2; a network that always gives the same answer is right for one of
 * `classes` images
 */
export function isNearChance(top1: number, images: number, classes: number): boolean {
  const chance = 1 / classes;
  const deviation = Math.sqrt((chance * (1 - chance)) / images);
  const way = 1 - chance;
  return top1 <= chance + Math.min(Math.max(SIGMAS * deviation, BEYOND * way), FAR_BEYOND * way);
}

/**
 * Whether the difference between two shares is more than chance, as if they came from different images.
 * @param images number of images of each share
 */
export function isClearlyAbove(share: number, other: number, images: number): boolean {
  const mean = (share + other) / 2;
  return share - other > SIGMAS * Math.sqrt((2 * mean * (1 - mean)) / images);
}

/**
 * Whether one network is better than another on the same images by more than chance (McNemar's test).
 * @param right for each image, 1 if the network classifies it correctly, else 0
 * @param other the same list for the other network
 */
export function isClearlyBetter(right: ArrayLike<number>, other: ArrayLike<number>): boolean {
  const { gained, lost } = pairedChanges(right, other);
  return gained - lost > SIGMAS * Math.sqrt(gained + lost);
}

/** Number of images that only the first network classifies correctly, and of those that only the other does. */
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
