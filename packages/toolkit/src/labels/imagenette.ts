/**
 * @file The ten classes of ImageNette (https://github.com/fastai/imagenette): WordNet ids, names, and indices among ImageNet's
 * 1,000 classes.
 */

interface ImagenetClass {
  readonly wordnet: string;
  readonly name: string;
  /** Index among the 1,000 classes of ILSVRC 2012 in the order of their WordNet ids, from 0. */
  readonly index: number;
}

const classes: readonly ImagenetClass[] = [
  { wordnet: "n01440764", name: "tench", index: 0 },
  { wordnet: "n02102040", name: "English springer", index: 217 },
  { wordnet: "n02979186", name: "cassette player", index: 482 },
  { wordnet: "n03000684", name: "chain saw", index: 491 },
  { wordnet: "n03028079", name: "church", index: 497 },
  { wordnet: "n03394916", name: "French horn", index: 566 },
  { wordnet: "n03417042", name: "garbage truck", index: 569 },
  { wordnet: "n03425413", name: "gas pump", index: 571 },
  { wordnet: "n03445777", name: "golf ball", index: 574 },
  { wordnet: "n03888257", name: "parachute", index: 701 },
];

/** Names by WordNet id. */
export const IMAGENETTE_NAMES: ReadonlyMap<string, string> = new Map(
  classes.map(({ wordnet, name }) => [wordnet, name]),
);

const byName = new Map(classes.flatMap((each) => [each.wordnet, each.name].map((name) => [name, each])));

/** All names of a class of images, the given one first: a class of ImageNette also has its WordNet id, or its name. */
export function namesOf(className: string): readonly string[] {
  const found = byName.get(className);
  return found === undefined ? [className] : [...new Set([className, found.wordnet, found.name])];
}

/** The index of a class, by WordNet id or name, among ImageNet's 1,000; undefined for a class that ImageNette does not have. */
export const imagenetIndex = (className: string): number | undefined => byName.get(className)?.index;
