/** @file The types of images in the rest of the toolkit: bytes and labels. */

/** Part of a data set: for training, for the final result, or for choices made during training. */
export type Split = "train" | "test" | "val";

/** The part to which images belong; `"held-out"` images are training images that are set aside. */
export type ImageSplit = Split | "held-out";

/** A batch of decoded images, at the size that was requested when they were opened. */
export interface Batch {
  /** `[N, H, W, C]` bytes, row-major, channels interleaved (RGB or grey). */
  readonly images: Uint8Array;
  /** `[N]` class indices. */
  readonly labels: Int32Array;
  readonly count: number;
}

/** How images are put into batches. */
export interface BatchOptions {
  readonly batchSize: number;
  /** Seed of the random order; without it, batches are in the order of the images. */
  readonly shuffleSeed?: number;
  /** Combined with the seed, so that every epoch has its own order and augmentation. */
  readonly epoch?: number;
  /** First batch to yield, to resume in the middle of an epoch. The batches from there on are those of the whole epoch. */
  readonly startBatch?: number;
  readonly augmentation?: Augmentation;
  /** Leaves out the last batch if it is not full. */
  readonly dropLast?: boolean;
}

/** Random changes of training images. All are off by default. */
export interface Augmentation {
  /** Zero-pads by this many pixels on each side, then crops at a random position. */
  readonly cropPadding?: number;
  /** Crops a random area and aspect ratio and resizes it (Inception style). */
  readonly randomResizedCrop?: boolean;
  /** Least and greatest share of the image's area for such a crop; 0.08 to 1 by default. */
  readonly randomResizedCropArea?: readonly [number, number];
  readonly horizontalFlip?: boolean;
}

/** Images of one split at one size, in a fixed order. */
export interface ImageSet {
  readonly name: string;
  readonly split: ImageSplit;
  readonly classes: readonly string[];
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly length: number;
  /** Notes for the user, e.g. that a seed made the split, or that bad images were skipped. */
  readonly notes: readonly string[];
  /** Batches; each is prepared while the consumer works on the one before. */
  batches(options: BatchOptions): AsyncIterable<Batch>;
}
