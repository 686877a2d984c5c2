/** @file Computes scale and zero point from a range, and the scales of weights from the weights alone. */

import { codeRange } from "./fake-quant.js";

/** real = scale · (q − zeroPoint). */
export interface AffineParameters {
  /** The scale, a positive float32. */
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Smallest normal float32; smaller scales cannot be used. */
const TINY = 2 ** -126;

/**
 * The unsigned grid of `bits` bits that covers [low, high], extended to contain 0. If the range is only 0 (a dead tensor), the
 * scale is 1.
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

/** Exponent of the weight error. A little above 2, it preserves outlying weights better (Li et al. 2021, BRECQ). */
const WEIGHT_NORM = 2.4;

/**
 * Candidates, as percentages of the scale at which the extreme weight becomes the extreme code: a coarse search, then a fine
 * one around its best.
 */
const COARSE_PERCENTS = Array.from({ length: 22 }, (_, i) => 20 + 5 * i);
const FINE_PERCENTS = [-4, -3, -2, -1, 1, 2, 3, 4];

/**
 * One scale per output channel.
 *
 * @param weights row-major with the output channel first
 * @param rule `max`: the largest |w| becomes the highest code; `l24`: that scale times the factor in 0.16 … 1.29 (in steps of 1
 * %) with the least L2.4 error. Factors above 1 matter if the lowest code is used and the extreme weight is negative.
 * @returns positive float32 scales; 1 for a channel of zeros
 */
export function weightScales(
  weights: Float32Array,
  channels: number,
  grid: { readonly bits: number; readonly narrow: boolean },
  rule: "max" | "l24",
): Float32Array {
  const { min, max } = codeRange({ ...grid, signed: true });
  const size = weights.length / channels;
  const scales = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    const row = weights.subarray(c * size, (c + 1) * size);
    let largest = 0;
    for (const w of row) largest = Math.max(largest, Math.abs(w));
    const full = largest / (rule === "max" ? max : -min);
    scales[c] = full;
    if (!(scales[c]! >= TINY)) scales[c] = 1;
    else if (rule === "l24") scales[c] = leastError(row, full, min, max);
  }
  return scales;
}

function leastError(row: Float32Array, full: number, min: number, max: number): number {
  let best = 100;
  let bestError = Number.POSITIVE_INFINITY;
  const search = (percents: readonly number[]) => {
    for (const percent of percents) {
      const error = rowError(row, Math.fround((full * percent) / 100), min, max, bestError);
      if (error < bestError) {
        bestError = error;
        best = percent;
      }
    }
  };
  search(COARSE_PERCENTS);
  const coarse = best;
  search(FINE_PERCENTS.map((step) => coarse + step));
  return Math.fround((full * best) / 100);
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
 * The smallest weight scale with which a bias fits its int32 code (docs/arithmetic.md, rule 3):
 * |b| / (2^30 · s_x), or |b| / (2^20 · s_x) for a channel of zero weights.
 */
export function smallestWeightScale(bias: number, inputScale: number, zeroWeights: boolean): number {
  return Math.abs(bias) / (2 ** (zeroWeights ? 20 : 30) * inputScale);
}
