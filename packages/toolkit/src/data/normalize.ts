/** @file Converts bytes to the float tensor that a network takes. */

import { UsageError } from "../errors.js";

/** How bytes become the values that a network takes: (pixel / 255 − mean) / std. */
export interface Normalization {
  readonly channels: 1 | 3;
  /** Mean per channel, in units of pixel / 255. */
  readonly mean: readonly number[];
  /** Standard deviation per channel, in units of pixel / 255; positive. */
  readonly std: readonly number[];
}

/**
 * `(p / 255 − mean) / std` of every byte p, one table of 256 values per channel. Computed in float64, rounded once to
 * float32.
 *
 * @throws {UsageError} if mean and std do not fit the channels.
 */
export function normalizationTables({ channels, mean, std }: Normalization): readonly Float32Array[] {
  if (mean.length !== channels || std.length !== channels)
    throw new UsageError(
      "option-value",
      { option: "mean", options: ["mean", "std"], value: [mean, std], expected: channels },
      `images of ${channels} channel${channels === 1 ? "" : "s"} need as many means and standard deviations, got ` +
        `\`mean\` ${mean.join(",")} and \`std\` ${std.join(",")}`,
    );
  if (!mean.every(Number.isFinite) || !std.every((value) => Number.isFinite(value) && value > 0))
    throw new UsageError(
      "option-value",
      { option: "std", options: ["mean", "std"], value: [mean, std], expected: "numbers, and positive numbers" },
      `means must be numbers and standard deviations positive numbers (of pixel / 255), got \`mean\` ${mean.join(",")} and ` +
        `\`std\` ${std.join(",")}`,
    );
  return mean.map((center, c) => Float32Array.from({ length: 256 }, (_, p) => (p / 255 - center) / std[c]!));
}

/**
 * Turns bytes `[N, H, W, C]` into normalized floats `[N, C, H, W]`.
 *
 * @param normalization.pixels H · W, the pixels of one image; N follows from the length of `images`.
 * @param target receives the result if given; at least as long as `images`.
 */
export function normalize(
  images: Uint8Array,
  normalization: Normalization & { readonly pixels: number },
  target: Float32Array = new Float32Array(images.length),
): Float32Array {
  const { channels, pixels } = normalization;
  const tables = normalizationTables(normalization);
  const count = images.length / (pixels * channels);
  if (!Number.isInteger(count))
    throw new UsageError(
      "toolkit-argument",
      { argument: "images", found: images.length, expected: pixels * channels },
      `${images.length} bytes are not a whole number of images of ${pixels} pixels and ${channels} channels`,
    );
  for (let n = 0; n < count; n++)
    for (let c = 0; c < channels; c++) {
      const table = tables[c]!;
      const to = (n * channels + c) * pixels;
      let from = n * pixels * channels + c;
      for (let i = 0; i < pixels; i++, from += channels) target[to + i] = table[images[from]!]!;
    }
  return target;
}
