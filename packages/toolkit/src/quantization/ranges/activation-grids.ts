/** @file Computes scale and zero point from the distribution of an activation, by well-known rules. */

import { percentileDefault } from "../../options/facts.js";
import { type AffineParameters, affineFromRange } from "../scales.js";
import type { ActivationObserver, Histogram } from "./histogram.js";

/**
 * - `minmax`: the extremes of all values;
 * - `movingaverage`: moving average of the batches' extremes;
 * - `percentile`: all but the outermost values;
 * - `kl`: least loss of information (Migacz 2017, TensorRT);
 * - `mse`, `l24`: least mean error of power 2 or 2.4.
 */
export type ActivationRule = "minmax" | "movingaverage" | "percentile" | "kl" | "mse" | "l24";

/** Whether a rule needs more than the extremes. */
export const needsHistogram = (rule: ActivationRule): boolean => rule !== "minmax" && rule !== "movingaverage";

/** Scale and zero point of an unsigned grid of `bits` bits. */
export function activationGrid(
  rule: ActivationRule,
  observer: ActivationObserver,
  bits: number,
  percentile = percentileDefault,
): AffineParameters {
  switch (rule) {
    case "minmax":
      return affineFromRange(observer.min, observer.max, bits);
    case "movingaverage":
      return affineFromRange(observer.averageMin, observer.averageMax, bits);
    case "percentile":
      return gridByPercentile(observer.histogram(), bits, percentile);
    case "kl":
      return gridByDivergence(observer.histogram(), bits);
    case "mse":
      return gridByError(observer.histogram(), bits, 2);
    case "l24":
      return gridByError(observer.histogram(), bits, 2.4);
    default:
      return rule satisfies never;
  }
}

/** Number of steps in the search for a range, 1/96 of the full range each. The error changes little between two steps. */
const RANGE_STEPS = 96;
/** Steps of the coarse search on each side of a two-sided range, which is refined around its best point. */
const SIDE_STEPS = 16;

/** The grid of least Σ|x − x̂|^power, searched over scale and, for two-sided distributions, zero point. */
function gridByError(histogram: Histogram, bits: number, power: number): AffineParameters {
  const { min, max } = histogram;
  let best = affineFromRange(min, max, bits);
  let bestError = gridError(histogram, best, bits, power, Number.POSITIVE_INFINITY);
  const tryRange = (low: number, high: number): boolean => {
    const candidate = affineFromRange(low, high, bits);
    const error = gridError(histogram, candidate, bits, power, bestError);
    if (!(error < bestError)) return false;
    best = candidate;
    bestError = error;
    return true;
  };
  if (min >= 0) {
    for (let step = RANGE_STEPS - 1; step >= 4; step--) tryRange(0, (max * step) / RANGE_STEPS);
    return best;
  }
  let low = 1;
  let high = 1;
  for (let i = SIDE_STEPS; i >= 1; i--)
    for (let j = SIDE_STEPS; j >= 1; j--)
      if (tryRange((min * i) / SIDE_STEPS, (max * j) / SIDE_STEPS)) [low, high] = [i / SIDE_STEPS, j / SIDE_STEPS];
  for (let i = -3; i <= 3; i++)
    for (let j = -3; j <= 3; j++) tryRange(min * (low + i / (4 * SIDE_STEPS)), max * (high + j / (4 * SIDE_STEPS)));
  return best;
}

/** Σ count · |centre − quantized centre|^power over the bins; stops early once it exceeds `limit`. */
function gridError(
  histogram: Histogram,
  { scale, zeroPoint }: AffineParameters,
  bits: number,
  power: number,
  limit: number,
): number {
  const { counts, origin, width } = histogram;
  const top = 2 ** bits - 1 - zeroPoint;
  const inverse = 1 / scale;
  const squared = power === 2;
  let sum = 0;
  // From the outside inwards: if a range is far too small, its clipping error ends the loop soon.
  for (let i = counts.length - 1; i >= 0 && sum < limit; i--) {
    const count = counts[i]!;
    if (count === 0) continue;
    const x = origin + (i + 0.5) * width;
    let q = Math.round(x * inverse);
    q = q < -zeroPoint ? -zeroPoint : q > top ? top : q;
    const error = x - scale * q;
    sum += count * (squared ? error * error : Math.abs(error) ** power);
  }
  return sum;
}

/** The grid that covers all but (100 − percent) % of the values on each side. */
function gridByPercentile(histogram: Histogram, bits: number, percent: number): AffineParameters {
  const { counts, origin, width, zeros, min, max } = histogram;
  const total = counts.reduce((sum, count) => sum + count, zeros);
  const outside = (total * (100 - percent)) / 100;
  let left = outside;
  let last = counts.length;
  while (last > 0 && counts[last - 1]! <= left) left -= counts[--last]!;
  left = outside;
  let first = 0;
  while (first < counts.length && counts[first]! <= left) left -= counts[first++]!;
  return affineFromRange(Math.max(min, origin + first * width), Math.min(max, origin + last * width), bits);
}

/** Candidates of the divergence search, 1/128 of the full range apart. */
const DIVERGENCE_STEPS = 128;

/**
 * The grid whose quantized distribution has the least Kullback–Leibler divergence from the distribution itself; values beyond
 * the range count in its last bins.
 *
 * TensorRT's search joins the bins below a threshold to equal groups. With few bits this is too coarse. Here, a group has
 * exactly the bins that rounding maps to one code, so the outermost codes and that of zero cover half a step, and exact zeros
 * are left out.
 *
 * Source: Migacz, "8-bit inference with TensorRT", GTC 2017.
 */
function gridByDivergence(histogram: Histogram, bits: number): AffineParameters {
  let best = affineFromRange(histogram.min, histogram.max, bits);
  let least = Number.POSITIVE_INFINITY;
  for (let step = DIVERGENCE_STEPS; step >= 4; step--) {
    const share = step / DIVERGENCE_STEPS;
    const candidate = affineFromRange(histogram.min * share, histogram.max * share, bits);
    const divergence = gridDivergence(histogram, candidate, bits);
    if (divergence < least) {
      least = divergence;
      best = candidate;
    }
  }
  return best;
}

function gridDivergence(histogram: Histogram, { scale, zeroPoint }: AffineParameters, bits: number): number {
  const { counts, origin, width } = histogram;
  const bound = (x: number) => Math.min(counts.length, Math.max(0, Math.ceil((x - origin) / width)));
  const first = bound(-scale * zeroPoint);
  const last = bound(scale * (2 ** bits - 1 - zeroPoint));
  if (last <= first) return Number.POSITIVE_INFINITY;
  // The reference has the clipped values in its outermost bins; the quantized distribution does not contain them.
  const reference = counts.slice(first, last);
  for (let i = 0; i < first; i++) reference[0]! += counts[i]!;
  for (let i = last; i < counts.length; i++) reference[reference.length - 1]! += counts[i]!;
  const spread = new Float64Array(last - first);
  let begin = first;
  for (let code = -zeroPoint; begin < last; code++) {
    const end = Math.min(last, Math.max(begin + 1, bound(scale * (code + 0.5))));
    let sum = 0;
    let filled = 0;
    for (let i = begin; i < end; i++) {
      sum += counts[i]!;
      if (counts[i]! > 0) filled++;
    }
    for (let i = begin; i < end; i++) if (counts[i]! > 0) spread[i - first] = sum / filled;
    begin = end;
  }
  const total = reference.reduce((a, b) => a + b, 0);
  const spreadTotal = spread.reduce((a, b) => a + b, 0);
  if (spreadTotal === 0) return Number.POSITIVE_INFINITY;
  let divergence = 0;
  for (let i = 0; i < reference.length; i++) {
    const p = reference[i]! / total;
    if (p === 0) continue;
    // A bin with only clipped values has no quantized mass. It gets a tiny one, so that the divergence stays finite.
    const q = Math.max(spread[i]! / spreadTotal, 1e-9);
    divergence += p * Math.log(p / q);
  }
  return divergence;
}
