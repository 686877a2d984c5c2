/** @file Times small networks by several runs, because a single one says little. */

import { median } from "../statistics.js";

const mostRuns = 7;
/** Time limit of all repetitions together, in milliseconds. */
const budgetMs = 150;

/** @returns the result of `run` and its time; with `repeat`, the median time of several runs (of fewer if they are long) */
export async function timed<T>(
  run: () => Promise<T>,
  repeat: boolean,
): Promise<{ readonly value: T; readonly milliseconds: number }> {
  const times: number[] = [];
  const begun = performance.now();
  for (;;) {
    const started = performance.now();
    const value = await run();
    const now = performance.now();
    times.push(now - started);
    if (!repeat || times.length === mostRuns || now - begun > budgetMs) return { value, milliseconds: median(times) };
  }
}
