/**
 * @file Streaming statistics of one activation, in one pass and in memory that depends neither on the number of images nor on the
 * range of the values.
 *
 * The width of bins is a power of two, and bins begin at 0 in both directions. If a value lies beyond the last bin, the
 * width doubles and neighbouring bins are joined. The result therefore does not depend on the order of the images.
 */

/**
 * Number of bins on either side of 0. The larger side fills more than half of them, so an 8-bit step covers at least 8 bins.
 */
const BINS = 4096;

/**
 * Weight of the past in the moving average of ranges, updated once per batch (MQBench and PyTorch usually take 0.9 to 0.99).
 */
const MOMENTUM = 0.9;

/** Counts of adjacent bins of equal width; values that are exactly 0 are counted separately. */
export interface Histogram {
  /** Extremes of all values, 0 included. */
  readonly min: number;
  readonly max: number;
  /** Lower end of the first bin. */
  readonly origin: number;
  readonly width: number;
  readonly counts: Float64Array;
  /** Number of values that are exactly 0: half of a ReLU's output. They have no error on any grid. */
  readonly zeros: number;
}

export class ActivationObserver {
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  /** Moving averages of the batches' extremes. */
  averageMin = Number.NaN;
  averageMax = Number.NaN;
  /** Whether a NaN or an infinite value occurred. */
  broken = false;
  #zeros = 0;
  #width = 0;
  #positive = new Float64Array(BINS);
  #negative = new Float64Array(BINS);

  /** @param counting whether a histogram is needed, or only extremes */
  constructor(readonly counting: boolean) {}

  add(values: Float32Array): void {
    const [low, high] = this.#extremes(values);
    if (this.broken || values.length === 0) return;
    this.min = Math.min(this.min, low);
    this.max = Math.max(this.max, high);
    const first = Number.isNaN(this.averageMin);
    this.averageMin = first ? low : MOMENTUM * this.averageMin + (1 - MOMENTUM) * low;
    this.averageMax = first ? high : MOMENTUM * this.averageMax + (1 - MOMENTUM) * high;
    if (!this.counting) return;
    this.#reach(Math.max(-low, high));
    this.#count(values);
  }

  /** Whether all values were equal. */
  get constant(): boolean {
    return this.min === this.max;
  }

  /** @throws {RangeError} if only extremes were requested */
  histogram(): Histogram {
    if (!this.counting) throw new RangeError("internal: this observer keeps no histogram");
    const below = used(this.#negative);
    const above = used(this.#positive);
    const counts = new Float64Array(below + above);
    for (let i = 0; i < below; i++) counts[below - 1 - i] = this.#negative[i]!;
    counts.set(this.#positive.subarray(0, above), below);
    return {
      min: Math.min(0, this.min),
      max: Math.max(0, this.max),
      origin: below === 0 ? 0 : -below * this.#width,
      width: this.#width,
      counts,
      zeros: this.#zeros,
    };
  }

  #extremes(values: Float32Array): readonly [low: number, high: number] {
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const v = values[i]!;
      if (v < low) low = v;
      if (v > high) high = v;
      sum += v - v;
    }
    // v − v is NaN for NaN and both infinities.
    if (sum !== 0) this.broken = true;
    // + 0 turns an extreme of −0 into 0; it would be printed as -0.
    return [low + 0, high + 0];
  }

  /** Doubles the width until `largest` has a bin. */
  #reach(largest: number): void {
    if (largest === 0) return;
    // Subnormal activations are as good as zeros; a width of 2^-126 / 4096 would be subnormal itself.
    const needed = 2 ** Math.max(-100, Math.floor(Math.log2(largest)) + 1 - Math.log2(BINS));
    if (this.#width === 0) this.#width = needed;
    while (this.#width * BINS <= largest) {
      this.#width *= 2;
      joinPairs(this.#positive);
      joinPairs(this.#negative);
    }
  }

  #count(values: Float32Array): void {
    const positive = this.#positive;
    const negative = this.#negative;
    const inverse = this.#width === 0 ? 0 : 1 / this.#width;
    let zeros = 0;
    for (let i = 0; i < values.length; i++) {
      const v = values[i]!;
      if (v > 0) positive[(v * inverse) | 0]!++;
      else if (v < 0) negative[(-v * inverse) | 0]!++;
      else zeros++;
    }
    this.#zeros += zeros;
  }
}

function joinPairs(counts: Float64Array): void {
  const half = counts.length / 2;
  for (let i = 0; i < half; i++) counts[i] = counts[2 * i]! + counts[2 * i + 1]!;
  counts.fill(0, half);
}

/** Number of bins up to the last that is not empty. */
function used(counts: Float64Array): number {
  let last = counts.length;
  while (last > 0 && counts[last - 1] === 0) last--;
  return last;
}
