/**
 * @file Divides a kernel call among threads, along the axis whose longest share is shortest. Parts are disjoint, and every
 * output comes from the same operations in the same order, so results do not depend on the number of threads.
 */

import type { Constants } from "../constants.js";
import type { ScratchBlocks } from "../emit/scratch.js";
import type { Axis, MakeAxes, Part } from "./axis.js";

/**
 * Task records for `threads` threads; `undefined` for a thread that has nothing to do. The first thread always has something.
 * @param scratch  working memory of each thread
 */
export function shareOut(
  constants: Constants,
  makeAxes: MakeAxes,
  task: number,
  scratch: readonly ScratchBlocks[],
): readonly (number | undefined)[] {
  const threads = scratch.length;
  const whole = [task, ...new Array<undefined>(threads - 1).fill(undefined)];
  if (threads === 1) return whole;
  const measured = makeAxes(constants, task, scratch[0]!).map((axis) => ({ axis, cost: costOf(axis, threads) }));
  if (measured.length === 0) return whole;
  const best = measured.reduce((a, b) => (b.cost < a.cost ? b : a));
  if (best.cost >= 1) return whole;
  const index = measured.indexOf(best);
  return scratch.map((own, thread) => {
    const part = partOf(best.axis.units, threads, thread);
    return part.count === 0 ? undefined : makeAxes(constants, task, own)[index]!.cut(part);
  });
}

/** The longest share of the work, as a fraction of all work. */
function costOf({ units, repeated }: Axis, threads: number): number {
  return repeated + ((1 - repeated) * Math.ceil(units / threads)) / units;
}

/** Shares differ by at most one unit; the larger ones come first. */
function partOf(units: number, threads: number, thread: number): Part {
  const least = Math.floor(units / threads);
  const larger = units % threads;
  return { first: thread * least + Math.min(thread, larger), count: least + (thread < larger ? 1 : 0) };
}
