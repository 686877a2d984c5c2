/** @file Calibration images: a seeded sample of the training split, normalized as the network takes it. */

import type { Tensor } from "@subbyte/graph";
import { normalize } from "../data/normalize.js";
import type { ImageSet } from "../data/types.js";
import { UsageError } from "../errors.js";
import type { CalibrationInput } from "./ranges.js";

export interface CalibrationOptions {
  /** How many images; all where the set is smaller. */
  readonly count: number;
  /** Which ones. */
  readonly seed: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly batchSize?: number;
}

/** The sample is the same in every pass. */
export function calibrationSample(images: ImageSet, options: CalibrationOptions): CalibrationInput {
  const { count, seed, mean, std, batchSize = 64 } = options;
  if (!(Number.isInteger(count) && count >= 1))
    throw new UsageError(`--calibration-images ${count}: take a whole number of at least 1 image.`);
  const { channels, height, width } = images;
  return {
    images: Math.min(count, images.length),
    async *batches(): AsyncIterable<Tensor> {
      let left = Math.min(count, images.length);
      for await (const batch of images.batches({ batchSize, shuffleSeed: seed })) {
        const taken = Math.min(left, batch.count);
        const pixels = batch.images.subarray(0, taken * channels * height * width);
        const data = normalize(pixels, { channels, mean, std, pixels: height * width });
        yield { dtype: "float32", shape: [taken, channels, height, width], data };
        left -= taken;
        if (left === 0) return;
      }
    },
  };
}
