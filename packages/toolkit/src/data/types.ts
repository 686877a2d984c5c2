/** @file The form in which the rest of the toolkit gets images: bytes and labels. */

/** Part of a data set: for training, for the final result, or for choices made during training. */
export type Split = "train" | "test" | "val";

/** A batch of decoded images at the pipeline's size. */
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
  /** Shuffles with this seed; in order where absent. */
  readonly shuffleSeed?: number;
  /** Mixed into the seed, so that every epoch has its own order and augmentation. */
  readonly epoch?: number;
  /** First batch to yield (resuming in the middle of an epoch); the later ones are the same as without it. */
  readonly startBatch?: number;
  readonly augmentation?: Augmentation;
  /** Leaves out the last batch where it is not full. */
  readonly dropLast?: boolean;
}

/** Random changes of training images. All are off by default. */
export interface Augmentation {
  /** Zero-pads by this many pixels and crops back at a random place. */
  readonly cropPadding?: number;
  /** Crops a random area and aspect ratio and resizes it (Inception style). */
  readonly randomResizedCrop?: boolean;
  /** Least and greatest share of the image's area that such a crop takes; 0.08 to 1 where absent. */
  readonly randomResizedCropArea?: readonly [number, number];
  readonly horizontalFlip?: boolean;
}

/** Images of one split at one size, in a fixed order. */
export interface ImageSet {
  readonly name: string;
  readonly split: Split;
  readonly classes: readonly string[];
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly length: number;
  /** Human-readable remarks, e.g. that the split was made by seed or that bad images were skipped. */
  readonly notes: readonly string[];
  /** Batches, prepared while the consumer works on the one before. */
  batches(options: BatchOptions): AsyncIterable<Batch>;
}
