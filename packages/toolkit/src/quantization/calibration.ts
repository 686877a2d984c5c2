/** @file Calibration images: a seeded sample of the training split, normalized as the network takes it. */

import type { Tensor } from "@subbyte/graph";
import { normalize } from "../data/normalize.js";
import type { Augmentation, ImageSet } from "../data/types.js";
import { defined } from "../defined.js";
import { DataError } from "../errors.js";
import { requireNumber } from "../require-number.js";
import type { CalibrationInput } from "./ranges.js";

export interface CalibrationOptions {
  /** Number of images; all images if the set is smaller. */
  readonly count: number;
  /** Seed of the choice of images. */
  readonly seed: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly batchSize?: number;
  /** Random changes of the images, the same in every pass; none by default. */
  readonly augmentation?: Augmentation | undefined;
}

/** Largest number of images per batch. */
const BATCH = 64;
/**
 * Largest number of pixels per batch: all activations of a network are in memory together, which are gigabytes for 64
 * photographs.
 */
const BATCH_PIXELS = BATCH * 64 * 64;

/** Number of images of this size that go through a network together when its activations or answers are measured. */
export const batchSizeFor = ({ height, width }: Pick<ImageSet, "height" | "width">): number =>
  Math.max(1, Math.min(BATCH, Math.floor(BATCH_PIXELS / (height * width))));

/** A random sample of the images, which is the same in every pass. */
export function calibrationSample(images: ImageSet, options: CalibrationOptions): CalibrationInput {
  const { count, seed, mean, std, augmentation, batchSize = batchSizeFor(images) } = options;
  requireNumber("calibrationImages", count, "a whole number from 1");
  const { channels, height, width } = images;
  return {
    images: Math.min(count, images.length),
    async *batches(): AsyncIterable<Tensor> {
      let left = Math.min(count, images.length);
      for await (const batch of images.batches({ batchSize, shuffleSeed: seed, ...defined({ augmentation }) })) {
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

/** With fewer images, ranges depend on chance extremes. */
const FEW = 32;

/**
 * Checks the images before anything is measured on them.
 * @returns warnings, one sentence each
 * @throws {DataError} if there are none, or if all have the same plain color
 */
export async function checkCalibration(calibration: CalibrationInput): Promise<readonly string[]> {
  let images = 0;
  let varied = false;
  let colour: Float32Array | undefined;
  for await (const { shape, data } of calibration.batches()) {
    const [count, channels] = shape as readonly [number, number];
    const pixels = data.length / (count * channels);
    const values = data as Float32Array;
    colour ??= Float32Array.from({ length: channels }, (_, c) => values[c * pixels]!);
    for (let i = 0; i < values.length && !varied; i++) varied = values[i] !== colour[Math.floor(i / pixels) % channels];
    images += count;
    if (varied && images >= FEW) return [];
  }
  if (images === 0)
    throw new DataError(
      "no-images",
      { source: "calibration" },
      "calibration: there are no images. Give at least one, or better a thousand.",
    );
  if (!varied)
    throw new DataError(
      "calibration-flat",
      { images },
      `calibration: all ${images} images are one plain colour (black?), so no range can be measured on them. ` +
        "Check `data`, and whether the images are decoded correctly.",
    );
  return images < FEW
    ? [`Ranges are measured on ${images} image${images === 1 ? "" : "s"} only; a thousand give better ones.`]
    : [];
}
