/** @file From a range, or a distribution, to scale and zero point. */

import { codeRange } from "./fake-quant.js";
import type { Histogram } from "./histogram.js";

/** real = scale · (q − zeroPoint). */
export interface AffineParameters {
  /** Positive float32. */
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Smallest normal float32; smaller scales are no scales. */
const TINY = 2 ** -126;

/**
 * The unsigned grid of `bits` bits that spans [low, high] extended to contain 0.
 * A range of nothing but zeros (a dead tensor) gets scale 1.
 */
export function affineFromRange(low: number, high: number, bits: number): AffineParameters {
  const levels = 2 ** bits - 1;
  const lo = Math.min(low, 0);
  const hi = Math.max(high, 0);
  const scale = Math.fround((hi - lo) / levels);
  if (!(scale >= TINY)) return { scale: 1, zeroPoint: 0 };
  const zeroPoint = Math.min(levels, Math.max(0, Math.round(-lo / scale)));
  return { scale, zeroPoint };
}

/** Steps of the range search, 1/96 of the full range each (finer than the optimum is flat). */
const RANGE_STEPS = 96;
/** Coarse grid for each side of a two-sided range, refined around its best point. */
const SIDE_STEPS = 16;

/** The grid with the least mean squared rounding and clipping error over a distribution. */
export function affineFromHistogram(histogram: Histogram, bits: number): AffineParameters {
  const { min, max } = histogram;
  let best = affineFromRange(min, max, bits);
  let bestError = quantizationError(histogram, best, bits);
  const tryRange = (low: number, high: number): boolean => {
    const candidate = affineFromRange(low, high, bits);
    const error = quantizationError(histogram, candidate, bits);
    if (!(error < bestError)) return false;
    best = candidate;
    bestError = error;
    return true;
  };
  if (min >= 0) {
    for (let step = 5; step < RANGE_STEPS; step++) tryRange(0, (max * step) / RANGE_STEPS);
    return best;
  }
  let low = 1;
  let high = 1;
  for (let i = 1; i <= SIDE_STEPS; i++)
    for (let j = 1; j <= SIDE_STEPS; j++)
      if (tryRange((min * i) / SIDE_STEPS, (max * j) / SIDE_STEPS)) [low, high] = [i / SIDE_STEPS, j / SIDE_STEPS];
  for (let i = -3; i <= 3; i++)
    for (let j = -3; j <= 3; j++) tryRange(min * (low + i / (4 * SIDE_STEPS)), max * (high + j / (4 * SIDE_STEPS)));
  return best;
}

/** Sum over the bins of count · (centre − quantized centre)². */
function quantizationError(histogram: Histogram, { scale, zeroPoint }: AffineParameters, bits: number): number {
  const { counts, min, width } = histogram;
  const levels = 2 ** bits - 1;
  const inverse = 1 / scale;
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (count === 0) continue;
    const x = min + (i + 0.5) * width;
    let q = Math.round(x * inverse) + zeroPoint;
    q = q < 0 ? 0 : q > levels ? levels : q;
    const error = x - scale * (q - zeroPoint);
    sum += count * error * error;
  }
  return sum;
}

/** Exponent of the weight error: a little above 2 keeps outlying weights (Li et al. 2021, BRECQ). */
const WEIGHT_NORM = 2.4;

/**
 * A scale for each output channel.
 *
 * @param weights row-major with the output channel first
 * @param method `minmax`: the largest |w| becomes the highest code; `mse`: the factor in 0.20 … 1.25 of that (1 % steps) with the
 *   least L2.4 error. Factors above 1 matter where the lowest code is used and the extreme weight is negative.
 * @returns positive float32 scales; 1 for a channel of zeros
 */
export function weightScales(
  weights: Float32Array,
  channels: number,
  grid: { readonly bits: number; readonly narrow: boolean },
  method: "minmax" | "mse",
): Float32Array {
  const { min, max } = codeRange({ ...grid, signed: true });
  const size = weights.length / channels;
  const scales = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    const row = weights.subarray(c * size, (c + 1) * size);
    let largest = 0;
    for (const w of row) largest = Math.max(largest, Math.abs(w));
    const full = largest / (method === "minmax" ? max : -min);
    if (!(Math.fround(full) >= TINY)) {
      scales[c] = 1;
      continue;
    }
    scales[c] = full;
    if (method === "minmax") continue;
    let bestError = Number.POSITIVE_INFINITY;
    for (let percent = 20; percent <= 125; percent++) {
      const scale = Math.fround((full * percent) / 100);
      const error = rowError(row, scale, min, max, bestError);
      if (error < bestError) {
        bestError = error;
        scales[c] = scale;
      }
    }
  }
  return scales;
}

/** Σ|w − ŵ|^2.4 over a row; stops early once it exceeds `limit`. */
function rowError(row: Float32Array, scale: number, min: number, max: number, limit: number): number {
  let sum = 0;
  const inverse = 1 / scale;
  for (const w of row) {
    let q = Math.round(w * inverse);
    q = q < min ? min : q > max ? max : q;
    sum += Math.abs(w - scale * q) ** WEIGHT_NORM;
    if (sum > limit) break;
  }
  return sum;
}

/**
 * The smallest weight scale at which a bias fits its int32 code (docs/arithmetic.md, rule 3):
 * |b| / (2^30 · s_x), or |b| / (2^20 · s_x) for a channel of zero weights.
 */
export function smallestWeightScale(bias: number, inputScale: number, zeroWeights: boolean): number {
  return Math.abs(bias) / (2 ** (zeroWeights ? 20 : 30) * inputScale);
}
