/** @file An ImageSet over pixels in memory: order, augmentation and batches. */

import { Random } from "../random.js";
import { requireNumber } from "../require-number.js";
import { augmentImage, cropCenter } from "./augmentation.js";
import type { Batch, BatchOptions, ImageSet, ImageSplit } from "./types.js";

/** Decoded images of one split, all in memory. */
export interface DecodedImages {
  readonly name: string;
  readonly split: ImageSplit;
  readonly classes: readonly string[];
  readonly channels: 1 | 3;
  /** Size as stored: that of the batches, or a little more if random crops need it. */
  readonly storedHeight: number;
  readonly storedWidth: number;
  /** `[N]` class indices. */
  readonly labels: Int32Array;
  /** `[N, storedHeight, storedWidth, channels]` */
  readonly pixels: Uint8Array;
  readonly notes: readonly string[];
}

/** Images in memory as an ImageSet of `height` × `width` pixels, cropped from the centre if they are stored larger. */
export class MemoryImageSet implements ImageSet {
  readonly name: string;
  readonly split: ImageSplit;
  readonly classes: readonly string[];
  readonly channels: 1 | 3;
  readonly length: number;
  readonly notes: readonly string[];

  constructor(
    private readonly decoded: DecodedImages,
    readonly height = decoded.storedHeight,
    readonly width = decoded.storedWidth,
  ) {
    this.name = decoded.name;
    this.split = decoded.split;
    this.classes = decoded.classes;
    this.channels = decoded.channels;
    this.length = decoded.labels.length;
    this.notes = decoded.notes;
  }

  async *batches(options: BatchOptions): AsyncIterable<Batch> {
    const { batchSize, startBatch = 0, dropLast = false } = options;
    requireNumber("batch", batchSize, "a whole number from 1");
    const order = this.#order(options);
    const total = dropLast ? Math.floor(this.length / batchSize) : Math.ceil(this.length / batchSize);
    const prepare = (batch: number) =>
      this.#prepare(order.subarray(batch * batchSize, Math.min((batch + 1) * batchSize, this.length)), options);
    let next: Promise<Batch> | undefined;
    for (let batch = startBatch; batch < total; batch++) {
      const current = next === undefined ? prepare(batch) : await next;
      next = batch + 1 < total ? whileConsumerWaits(() => prepare(batch + 1)) : undefined;
      yield current;
    }
  }

  #order({ shuffleSeed, epoch = 0 }: BatchOptions): Uint32Array {
    if (shuffleSeed === undefined) return Uint32Array.from({ length: this.length }, (_, i) => i);
    return Random.derive(shuffleSeed, "order", epoch).permutation(this.length);
  }

  #prepare(indices: Uint32Array, { shuffleSeed = 0, epoch = 0, augmentation }: BatchOptions): Batch {
    const { decoded, height, width, channels } = this;
    const { storedHeight, storedWidth } = decoded;
    const size = height * width * channels;
    const storedSize = storedHeight * storedWidth * channels;
    const images = new Uint8Array(indices.length * size);
    indices.forEach((index, i) => {
      const data = decoded.pixels.subarray(index * storedSize, (index + 1) * storedSize);
      const stored = { data, height: storedHeight, width: storedWidth, channels };
      const target = images.subarray(i * size, (i + 1) * size);
      if (augmentation === undefined) {
        target.set(cropCenter(stored, height, width).data);
      } else {
        const random = Random.derive(shuffleSeed, "augmentation", epoch, index);
        augmentImage(stored, this, augmentation, random, target);
      }
    });
    return { images, labels: Int32Array.from(indices, (index) => decoded.labels[index]!), count: indices.length };
  }
}

/** Runs `work` when the consumer of a batch has passed the batch to native threads and waits for them. */
function whileConsumerWaits<T>(work: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(work());
      } catch (error) {
        reject(error);
      }
    });
  });
}
