/** @file Streaming statistics of activations: memory depends on the number of tensors, not on the number of images. */

/** Smallest and largest value seen. */
export class RangeObserver {
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  /** Whether a NaN or an infinity was seen. */
  broken = false;

  add(values: Float32Array): void {
    let { min, max } = this;
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const v = values[i]!;
      if (v < min) min = v;
      if (v > max) max = v;
      sum += v - v;
    }
    this.min = min;
    this.max = max;
    // v − v is NaN for NaN and both infinities.
    if (sum !== 0) this.broken = true;
  }
}

/** Bin counts over [min, min + bins · width]. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly width: number;
  readonly counts: Float64Array;
}

/** Fine enough that a bin is an eighth of the step of an 8-bit grid. */
export const HISTOGRAM_BINS = 2048;

/** Fills a histogram whose range is known from a first pass. Exact zeros (half of a ReLU's output) cost no error and are left out. */
export class HistogramObserver implements Histogram {
  readonly counts: Float64Array;
  readonly width: number;

  constructor(
    readonly min: number,
    readonly max: number,
    bins = HISTOGRAM_BINS,
  ) {
    this.counts = new Float64Array(bins);
    this.width = (max - min) / bins;
  }

  add(values: Float32Array): void {
    const { counts, min } = this;
    const inverse = this.width > 0 ? 1 / this.width : 0;
    const last = counts.length - 1;
    for (let i = 0; i < values.length; i++) {
      const v = values[i]!;
      if (v === 0) continue;
      const bin = ((v - min) * inverse) | 0;
      counts[bin > last ? last : bin < 0 ? 0 : bin]!++;
    }
  }
}
