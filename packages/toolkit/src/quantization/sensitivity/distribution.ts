/** @file A histogram that is small enough to be printed and drawn, with the range of the values' grid. */

import type { ActivationObserver } from "../ranges/histogram.js";

/** The distribution of values, compared with their grid. */
export interface Distribution {
  /** Extremes of the values. */
  readonly min: number;
  readonly max: number;
  /** Lowest and highest value of the grid; values up to half a step beyond are rounded to it. */
  readonly range: readonly [low: number, high: number];
  /** Number of values of the grid, including both ends. */
  readonly codes: number;
  /** Lower end of the first bin; bin `i` has values from `origin + i · width` to `origin + (i + 1) · width`. */
  readonly origin: number;
  /** Width of a bin, a power of two; 0 if all values are 0. */
  readonly width: number;
  /** Counts of at most 64 bins; every value except zeros is in one of them. */
  readonly counts: readonly number[];
  /** Values that are exactly 0: half of a ReLU's output. */
  readonly zeros: number;
}

const BINS = 64;

/**
 * Joins neighbouring bins of an observer until at most 64 are left. One boundary stays at 0, so that no bin mixes signs.
 *
 * @param observer an observer with a histogram
 */
export function distributionOf(
  observer: ActivationObserver,
  range: readonly [low: number, high: number],
  codes: number,
): Distribution {
  const { origin, width, counts, zeros } = observer.histogram();
  const below = width === 0 ? 0 : Math.round(-origin / width);
  const above = counts.length - below;
  let join = 1;
  while (Math.ceil(below / join) + Math.ceil(above / join) > BINS) join *= 2;
  const belowJoined = Math.ceil(below / join);
  const joined = new Array<number>(belowJoined + Math.ceil(above / join)).fill(0);
  counts.forEach((count, i) => {
    joined[Math.floor((i - below) / join) + belowJoined]! += count;
  });
  const seen = observer.min <= observer.max;
  return {
    min: seen ? observer.min : 0,
    max: seen ? observer.max : 0,
    range,
    codes,
    origin: belowJoined === 0 ? 0 : -belowJoined * join * width,
    width: join * width,
    counts: joined,
    zeros,
  };
}
