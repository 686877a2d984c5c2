/**
 * @file Pillow's `Image.resize(…, BILINEAR)` on bytes, bit for bit: a triangle filter that widens if the image shrinks
 * (antialiasing), with weights in fixed point, applied horizontally and then vertically, each time rounded to bytes. Source:
 * Pillow, `src/libImaging/Resample.c` (`precompute_coeffs`, `normalize_coeffs_8bpc`, `ImagingResampleHorizontal_8bpc`).
 */

import { checkArgument, described, integerIn, isObject, wrongArgument } from "../arguments.js";
import { InputError } from "../errors.js";

/** Bytes in rows, channels interleaved: `[height, width, channels]`. */
export interface RawImage {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** @throws {InputError} if the value is no image, or if its bytes do not fit its size. */
export function checkImage(image: RawImage): void {
  if (!isObject(image)) throw wrongArgument("an image", image, "{ data, width, height, channels }");
  const { data, height, width, channels } = image;
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray))
    throw wrongArgument("data of an image", data, "a Uint8Array or Uint8ClampedArray, one byte per channel and pixel");
  const sizes = [height, width, channels];
  if (!sizes.every((size) => Number.isInteger(size) && size >= 1) || ![1, 3, 4].includes(channels)) {
    const found = sizes.map(described);
    throw new InputError(
      "image-invalid",
      { found, expected: "[height, width, 1, 3 or 4]" },
      `an image needs a height, a width, and 1, 3 or 4 channels; got [${found}]`,
    );
  }
  if (data.length !== height * width * channels)
    throw new InputError(
      "image-invalid",
      { found: data.length, expected: height * width * channels },
      `an image of [${sizes}] has ${height * width * channels} bytes, got ${data.length}`,
    );
}

/** The requirement on a size to which images are resized; larger sizes would take too long. */
export const imageSize = integerIn(1, 2 ** 24);

/** Pillow's PRECISION_BITS: 32 bits less 8 of the pixel and 2 of headroom. */
const precisionBits = 32 - 8 - 2;
const half = 1 << (precisionBits - 1);

/** A rectangle of the resized image, in pixels. */
export interface Crop {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** The input elements and weights of a run of output elements along one axis. */
interface Filter {
  /** First input element of each output element. */
  readonly starts: Int32Array;
  /** Number of input elements per output element. */
  readonly counts: Int32Array;
  /** `[outputs][stride]`, fixed point with `precisionBits` bits of fraction. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/**
 * Weights of output elements `first … first + outputs − 1`, for an axis that is resized from `inputSize` to `outputSize`
 * elements.
 */
function bilinearFilter(inputSize: number, outputSize: number, first: number, outputs: number): Filter {
  const scale = inputSize / outputSize;
  // The triangle's half width in input elements; Pillow's support is 1 times the filter's scale.
  const support = Math.max(scale, 1);
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(outputs);
  const counts = new Int32Array(outputs);
  const weights = new Int32Array(outputs * stride);
  const raw = new Float64Array(stride);
  const inverse = 1 / support;
  for (let i = 0; i < outputs; i++) {
    const centre = (first + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(inputSize, Math.trunc(centre + support + 0.5)) - start;
    let total = 0;
    for (let k = 0; k < count; k++) {
      const distance = Math.abs((k + start - centre + 0.5) * inverse);
      raw[k] = distance < 1 ? 1 - distance : 0;
      total += raw[k]!;
    }
    for (let k = 0; k < count; k++)
      weights[i * stride + k] = Math.trunc(0.5 + (raw[k]! / total) * (1 << precisionBits));
    starts[i] = start;
    counts[i] = count;
  }
  return { starts, counts, weights, stride };
}

/** Resamples the middle axis of `[outer, size, inner]`; returns `[outer, outputs, inner]`. */
function resample(data: RawImage["data"], outer: number, size: number, inner: number, filter: Filter): Uint8Array {
  const { starts, counts, weights, stride } = filter;
  const outputs = starts.length;
  const result = new Uint8Array(outer * outputs * inner);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < outputs; i++) {
      const from = (o * size + starts[i]!) * inner;
      const to = (o * outputs + i) * inner;
      const count = counts[i]!;
      for (let c = 0; c < inner; c++) {
        // Weights are not negative and sum to about 2^22: the sum stays within int32 and can only leave a byte at the top.
        let sum = half;
        for (let k = 0; k < count; k++) sum += data[from + k * inner + c]! * weights[i * stride + k]!;
        result[to + c] = Math.min(sum >> precisionBits, 255);
      }
    }
  return result;
}

/**
 * Resizes to `height` × `width` and returns the part in `crop`. Only that part is computed, so an extreme aspect ratio costs no
 * memory; its bytes equal those of the whole resized image.
 *
 * @returns `[crop.height, crop.width, channels]`
 */
export function resizeBilinear(image: RawImage, height: number, width: number, crop: Crop): Uint8Array {
  checkImage(image);
  for (const [name, size] of Object.entries({ height, width })) checkArgument(name, size, imageSize);
  if (!isObject(crop)) throw wrongArgument("crop", crop, "{ top, left, height, width }");
  const { top, left } = crop;
  checkArgument("crop.top", top, integerIn(0, height - 1));
  checkArgument("crop.left", left, integerIn(0, width - 1));
  checkArgument("crop.height", crop.height, integerIn(1, height - top));
  checkArgument("crop.width", crop.width, integerIn(1, width - left));
  const { channels } = image;
  const vertical = bilinearFilter(image.height, height, crop.top, crop.height);
  const horizontal = bilinearFilter(image.width, width, crop.left, crop.width);
  // The horizontal pass is done on the rows that the vertical one reads.
  const firstRow = vertical.starts[0]!;
  const endRow = vertical.starts.at(-1)! + vertical.counts.at(-1)!;
  const pitch = image.width * channels;
  const rows = image.data.subarray(firstRow * pitch, endRow * pitch);
  const narrowed = resample(rows, endRow - firstRow, image.width, channels, horizontal);
  const shifted = { ...vertical, starts: vertical.starts.map((start) => start - firstRow) };
  return resample(narrowed, 1, endRow - firstRow, crop.width * channels, shifted);
}
