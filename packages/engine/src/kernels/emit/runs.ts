/**
 * @file The order in which a tile computes its sum: runs of contiguous input, grouped into segments between which sums leave
 * the registers. A segment ends if a flush is due or if its weights would outgrow the first-level cache.
 */

import type { Constants } from "../constants.js";
import { stepBytes } from "../packer.js";

/** Steps whose weights, 16 KB, stay in a first-level data cache of 32 KB together with the input. */
const cachedSteps = 512;

/** Ends of segments: wherever sums must be flushed, and often enough for the cache. */
export function segmentEnds(flushes: readonly number[]): readonly number[] {
  let start = 0;
  return flushes.flatMap((end) => {
    const parts = Math.ceil((end - start) / cachedSteps);
    const ends = Array.from({ length: parts }, (_, i) => Math.min(start + (i + 1) * cachedSteps, end));
    start = end;
    return ends;
  });
}

export interface Runs {
  readonly runs: number;
  readonly segments: number;
  readonly segmentCount: number;
}

/**
 * @param rowOffsets  byte offset of each row of `rowSteps` steps
 * @param ends        ends of segments, in steps
 * @param runEnds     further steps at which runs end
 */
export function emitRuns(
  constants: Constants,
  rowOffsets: readonly number[],
  rowSteps: number,
  ends: readonly number[],
  runEnds: readonly number[] = [],
): Runs {
  const runs: number[] = [];
  const segments: number[] = [];
  let at = 0;
  for (const end of ends) {
    const start = at;
    let count = 0;
    while (at < end) {
      const row = Math.floor(at / rowSteps);
      const next = Math.min(end, (row + 1) * rowSteps, runEnds.find((cut) => cut > at) ?? end);
      runs.push(rowOffsets[row]! + 4 * (at - row * rowSteps), next - at);
      at = next;
      count++;
    }
    segments.push(count, (end - start) * stepBytes);
  }
  return { runs: constants.integers(runs), segments: constants.integers(segments), segmentCount: ends.length };
}
