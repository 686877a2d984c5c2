/** @file Images with the class indices of a model. */

import type { Batch, BatchOptions, ImageSet } from "./types.js";

/**
 * Images whose labels are indices of other classes: class `targets[label]` of `classes` instead of `label`.
 * @param targets one index per class of the images
 */
export function relabelled(images: ImageSet, classes: readonly string[], targets: readonly number[]): ImageSet {
  const isSame = classes.length === targets.length && targets.every((target, label) => target === label);
  return isSame ? images : new RelabelledImages(images, classes, targets);
}

/** Images without their classes, for a model that does not have these classes. */
export const unlabelled = (images: ImageSet): ImageSet => new RelabelledImages(images, [], [0]);

class RelabelledImages implements ImageSet {
  readonly name: string;
  readonly split: ImageSet["split"];
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly length: number;
  readonly notes: readonly string[];

  constructor(
    private readonly images: ImageSet,
    readonly classes: readonly string[],
    private readonly targets: readonly number[],
  ) {
    this.name = images.name;
    this.split = images.split;
    this.channels = images.channels;
    this.height = images.height;
    this.width = images.width;
    this.length = images.length;
    this.notes = images.notes;
  }

  async *batches(options: BatchOptions): AsyncIterable<Batch> {
    for await (const batch of this.images.batches(options))
      yield { ...batch, labels: batch.labels.map((label) => this.targets[label] ?? 0) };
  }
}
