/**
 * @file How a kernel's task can be cut into parts: records that cover some pixels, some rows or some channels. Kernels do not
 * know of it; the code that emits a kernel call says how it can be cut.
 */

import type { Constants } from "../constants.js";
import type { ScratchBlocks } from "../emit/scratch.js";

/** A range of a task's units of work. */
export interface Part {
  readonly first: number;
  readonly count: number;
}

/** One way to cut a task. */
export interface Axis {
  /** Number of units of work; what must stay together is one unit. */
  readonly units: number;
  /** Share of the work, in [0, 1], that every thread repeats. */
  readonly repeated: number;
  /** Writes the record of a part of the units. */
  cut(part: Part): number;
}

/** The ways to cut the task record at `task`; empty if the first thread does it alone. */
export type MakeAxes = (constants: Constants, task: number, scratch: ScratchBlocks) => readonly Axis[];

/** One thread does the work, because it is too small to share, or its parts depend on each other. */
export const uncut: MakeAxes = () => [];

/** A part of an axis in elements: `size` elements in groups of `group`, of which the last may be smaller. */
export const elements = ({ first, count }: Part, group: number, size: number) => {
  const start = first * group;
  return { start, count: Math.min(size, (first + count) * group) - start };
};
