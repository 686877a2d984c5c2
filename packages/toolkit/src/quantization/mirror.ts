/** @file Images and their mirror images: twice as many to learn from, for networks that do not distinguish left and right. */

import type { CalibrationInput } from "./ranges.js";

/** Rows of `width` values, each from right to left. */
export function mirrored(values: Float32Array, width: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < values.length; row += width)
    for (let x = 0; x < width; x++) result[row + x] = values[row + width - 1 - x]!;
  return result;
}

/** Every batch `[N, C, H, W]`, followed by its mirror images. */
export function withMirrorImages(calibration: CalibrationInput): CalibrationInput {
  const { images } = calibration;
  return {
    ...(images === undefined ? {} : { images: 2 * images }),
    async *batches() {
      for await (const batch of calibration.batches()) {
        yield batch;
        yield { ...batch, data: mirrored(batch.data as Float32Array, batch.shape.at(-1)!) };
      }
    },
  };
}
