/** @file Chooses the images of the requested split, and those that a limit keeps. */

import { DataError } from "../errors.js";
import { Random } from "../random.js";
import { type Catalogue, type Samples, subset } from "./source.js";
import type { ImageSplit, Split } from "./types.js";

/**
 * A split that a caller may request. "evaluation" is test if there is such a split, else val; "held-out" is a share of the
 * training images.
 */
export type SplitRequest = ImageSplit | "evaluation";

/**
 * A share in [0, 1), or "auto": 5 % of the training images, but at least 500 or a quarter, whichever is less, and at most
 * 5,000.
 */
export type ValidationShare = number | "auto";

export interface SplitOptions {
  readonly split: SplitRequest;
  /** Seed of the division if the source has no splits, or no validation split. */
  readonly seed: number;
  /**
   * Share of the training images that is held out. They are not in "train"; they are also "val" if the source has no such
   * split.
   */
  readonly validationShare: ValidationShare;
}

export interface ChosenSplit {
  readonly split: ImageSplit;
  readonly samples: Samples;
  /** Whether the choice depends on the seed. */
  readonly seeded: boolean;
  readonly notes: readonly string[];
}

/** Share of test images in a source without splits. */
const TEST_SHARE = 0.2;

/** @throws {DataError} if the source has no such split; the message lists its splits. */
export async function chooseSplit(catalogue: Catalogue, location: string, options: SplitOptions): Promise<ChosenSplit> {
  const { parts } = catalogue;
  const all = parts.get("all");
  const own = (["train", "test", "val"] as const).filter((split) => parts.has(split) || (all && split !== "val"));
  const holdsOut = options.validationShare !== 0 && own.includes("train");
  const present = holdsOut && !own.includes("val") ? [...own, "val" as const] : own;
  const takesHeldOut = options.split === "held-out" || (options.split === "val" && !own.includes("val"));
  const split = requested(options.split, present);
  if (!present.includes(split)) {
    const held =
      split === "val" && own.includes("train") ? " Hold out a share of the training images to have one." : "";
    throw new DataError(
      "missing-split",
      { source: location, split, found: present },
      `"${location}" has no ${split} split; it has ${present.join(" and ")}. Name one of these with \`split\`.${held}`,
    );
  }
  const notes: string[] = [];
  let samples: Samples;
  if (all === undefined) {
    samples = await parts.get(takesHeldOut ? "train" : split)!();
  } else {
    const whole = await all();
    const [train, test] = divide(whole.labels, TEST_SHARE, Random.derive(options.seed, "test"));
    samples = subset(whole, split === "test" ? test : train);
    notes.push(
      `no train and test folders: ${train.length} images for training and ${test.length} for testing, ` +
        `divided class by class with seed ${options.seed} (use the same for training and evaluation); to choose test images yourself, put their class folders into a folder "test"`,
    );
  }
  const divides = holdsOut && (split === "train" || takesHeldOut);
  if (divides) {
    const share = shareOf(options.validationShare, samples.labels.length);
    const [train, held] = divide(samples.labels, share, Random.derive(options.seed, "val"));
    samples = subset(samples, takesHeldOut ? held : train);
    notes.push(`${held.length} of the training images are held out for validation with seed ${options.seed}`);
  }
  return {
    split: options.split === "held-out" ? options.split : split,
    samples,
    seeded: all !== undefined || divides,
    notes,
  };
}

function requested(split: SplitRequest, present: readonly Split[]): Split {
  if (split === "held-out") return "val";
  if (split !== "evaluation") return split;
  return present.includes("test") || !present.includes("val") ? "test" : "val";
}

const HELD_OUT = { share: 0.05, least: 500, most: 5000 };

function shareOf(share: ValidationShare, images: number): number {
  if (share !== "auto") return share;
  const least = Math.min(HELD_OUT.least, images / 4);
  return Math.min(HELD_OUT.most, Math.max(HELD_OUT.share * images, least)) / images;
}

/** Separates about `share` of each class, at least one image of it. Both parts keep the order of the images. */
function divide(labels: Int32Array, share: number, random: Random): [rest: Uint32Array, taken: Uint32Array] {
  const byClass = new Map<number, number[]>();
  labels.forEach((label, index) => {
    const members = byClass.get(label);
    if (members === undefined) byClass.set(label, [index]);
    else members.push(index);
  });
  const isTaken = new Uint8Array(labels.length);
  for (const label of [...byClass.keys()].sort((a, b) => a - b)) {
    const members = random.shuffle(byClass.get(label)!);
    const count = Math.max(1, Math.round(share * members.length));
    for (const index of members.slice(0, count)) isTaken[index] = 1;
  }
  const indices = Uint32Array.from(labels, (_, index) => index);
  return [indices.filter((index) => isTaken[index] === 0), indices.filter((index) => isTaken[index] === 1)];
}

/**
 * Every n-th image, with n = images / limit. Within each class, counting starts in the middle of the first n, so that each
 * class keeps its share. Returns indices in the order of the images; all of them if `limit` is absent or not smaller than their
 * number.
 */
export function everyNth(labels: Int32Array, limit: number | undefined): Uint32Array {
  const indices = Uint32Array.from(labels, (_, index) => index);
  if (limit === undefined || limit >= labels.length) return indices;
  const byClass = indices.sort((a, b) => labels[a]! - labels[b]! || a - b);
  return Uint32Array.from(
    { length: limit },
    (_, i) => byClass[Math.floor(((i + 0.5) * labels.length) / limit)]!,
  ).sort();
}
