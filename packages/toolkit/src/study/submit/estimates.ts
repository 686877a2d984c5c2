/** @file Estimates the memory and time of a run from similar runs that have finished. */

import type { PlannedRun } from "../planned-run.js";
import type { StudyRun } from "../states.js";

export interface Estimate {
  readonly seconds: number;
  readonly memoryBytes: number;
}

/**
 * Identifies runs with about the same needs: those of one network on one data set that do the same work, whatever their bit
 * widths and seeds. They form one array.
 */
export const likeness = ({ network, data, kind, method }: PlannedRun): string =>
  [network, data, kind === "quantized" ? method : kind === "chain" ? `${method}-chain` : kind].join("-");

/** The largest figures of similar finished runs; undefined if there are none. */
export function estimateOf(run: PlannedRun, states: readonly StudyRun[]): Estimate | undefined {
  const records = states.flatMap((each) =>
    each.state === "done" && likeness(each.run) === likeness(run) ? [each.record] : [],
  );
  if (records.length === 0) return undefined;
  return {
    seconds: Math.max(...records.map(({ seconds }) => seconds)),
    memoryBytes: Math.max(...records.map(({ peakMemoryBytes }) => peakMemoryBytes)),
  };
}
