/**
 * @file The order in which a tile walks its sum: runs of contiguous input, grouped into segments between which sums leave the
 * registers. Segments end where a flush is due and before their weights outgrow the first-level cache.
 */

import type { Constants } from "../constants.js";
import { stepBytes } from "../packer.js";

/** Steps whose weights stay in a first-level data cache of 32 KB beside the input: 16 KB. */
const cachedSteps = 512;

export interface Runs {
  readonly runs: number;
  readonly segments: number;
  readonly segmentCount: number;
}

/**
 * @param rowOffsets  byte offset of each row of `rowSteps` steps
 * @param cuts        steps at which narrow sums must be flushed
 * @param flushRuns   a flush ends a run instead of a segment: where two weights share a lane, sums stay in registers
 */
export function emitRuns(
  constants: Constants,
  rowOffsets: readonly number[],
  rowSteps: number,
  cuts: readonly number[],
  flushRuns = false,
): Runs {
  const steps = rowOffsets.length * rowSteps;
  const segmentEnds = flushRuns ? [steps] : cuts;
  const runs: number[] = [];
  const segments: number[] = [];
  let runCount = 0;
  let segmentStart = 0;
  let at = 0;
  while (at < steps) {
    const row = Math.floor(at / rowSteps);
    const cut = cuts.find((end) => end > at)!;
    const segmentEnd = Math.min(segmentEnds.find((end) => end > at)!, segmentStart + cachedSteps);
    const end = Math.min((row + 1) * rowSteps, cut, segmentEnd);
    runs.push(rowOffsets[row]! + 4 * (at - row * rowSteps), end - at);
    runCount++;
    at = end;
    if (at === segmentEnd) {
      segments.push(runCount, (at - segmentStart) * stepBytes);
      runCount = 0;
      segmentStart = at;
    }
  }
  return {
    runs: constants.integers(runs),
    segments: constants.integers(segments),
    segmentCount: segments.length / 2,
  };
}
