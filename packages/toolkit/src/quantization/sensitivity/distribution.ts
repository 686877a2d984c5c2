/** @file A histogram that is small enough to be printed and drawn, beside the range of the grid that its values go to. */

import type { ActivationObserver } from "../ranges/histogram.js";

/** The distribution of values, compared with their grid. */
export interface Distribution {
  /** Extremes of the values. */
  readonly min: number;
  readonly max: number;
  /** Lowest and highest value that the grid holds; values up to half a step beyond round to it. */
  readonly range: readonly [low: number, high: number];
  /** Number of values that the grid holds, both ends included. */
  readonly codes: number;
  /** Where the first bin begins; bin `i` holds values from `origin + i · width` to `origin + (i + 1) · width`. */
  readonly origin: number;
  /** A power of two; 0 where all values are 0. */
  readonly width: number;
  /** At most 64; every value but zeros is in one of them. */
  readonly counts: readonly number[];
  /** Values that are exactly 0: half of a ReLU's output. */
  readonly zeros: number;
}

const BINS = 64;

/**
 * Joins neighbouring bins of an observer until at most 64 are left. A boundary stays at 0, so that no bin mixes signs.
 *
 * @param observer one that counts
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
