/** @file Antialiased bilinear resizing of bytes, bit for bit as Pillow does it (src/libImaging/Resample.c, 8 bits a channel). */

import type { RawImage } from "./source.js";

/** Fraction bits of a weight: 32 less 8 of the byte, less 2 against overflow. */
const WEIGHT_BITS = 22;

/** The input positions and fixed-point weights that make one output position. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `[output, widest]` */
  readonly weights: Int32Array;
  readonly widest: number;
}

/** The triangle filter, widened by the scale when shrinking. */
function bilinearTaps(from: number, to: number): Taps {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const widest = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * widest);
  for (let out = 0; out < to; out++) {
    const center = (out + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(from, Math.trunc(center + support + 0.5));
    const real = Array.from({ length: end - start }, (_, i) => {
      const distance = Math.abs((i + start - center + 0.5) * (1 / support));
      return distance < 1 ? 1 - distance : 0;
    });
    const sum = real.reduce((total, weight) => total + weight, 0);
    real.forEach((weight, i) => {
      weights[out * widest + i] = Math.trunc(0.5 + weight * (1 / sum) * 2 ** WEIGHT_BITS);
    });
    first[out] = start;
    count[out] = end - start;
  }
  return { first, count, weights, widest };
}

/** Columns first, then rows, rounding to bytes in between as Pillow does. Returns the same image where the size is the same. */
export function resizeBilinear(image: RawImage, height: number, width: number): RawImage {
  const wide = width === image.width ? image : resizeColumns(image, width);
  return height === image.height ? wide : resizeRows(wide, height);
}

const toByte = (sum: number) => {
  const value = sum >> WEIGHT_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
};

function resizeColumns(image: RawImage, width: number): RawImage {
  const { channels, height, pixels } = image;
  const { first, count, weights, widest } = bilinearTaps(image.width, width);
  const result = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) {
        let from = (y * image.width + first[x]!) * channels + c;
        let sum = 1 << (WEIGHT_BITS - 1);
        for (let k = 0; k < count[x]!; k++, from += channels) sum += pixels[from]! * weights[x * widest + k]!;
        result[(y * width + x) * channels + c] = toByte(sum);
      }
  return { pixels: result, height, width, channels };
}

function resizeRows(image: RawImage, height: number): RawImage {
  const { channels, width, pixels } = image;
  const row = width * channels;
  const { first, count, weights, widest } = bilinearTaps(image.height, height);
  const result = new Uint8Array(height * row);
  for (let y = 0; y < height; y++)
    for (let i = 0; i < row; i++) {
      let from = first[y]! * row + i;
      let sum = 1 << (WEIGHT_BITS - 1);
      for (let k = 0; k < count[y]!; k++, from += row) sum += pixels[from]! * weights[y * widest + k]!;
      result[y * row + i] = toByte(sum);
    }
  return { pixels: result, height, width, channels };
}
