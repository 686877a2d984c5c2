/**
 * @file How the task of a kernel can be cut into parts: records that cover some pixels, some rows or some channels. Kernels know
 * nothing of it. Whoever emits a kernel call says how it is cut.
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
  /** Units of work that must stay together are one. */
  readonly units: number;
  /** Part of the work that every thread does again. */
  readonly repeated: number;
  /** Writes the record of a part of the units. */
  cut(part: Part): number;
}

/** The ways to cut the task record at `task`, none where the first thread does it alone. */
export type MakeAxes = (constants: Constants, task: number, scratch: ScratchBlocks) => readonly Axis[];

/** One thread does the work, because it is too little to share, or its parts depend on each other. */
export const uncut: MakeAxes = () => [];

/** The units of an axis in elements: `size` elements in groups of `group`, the last one ragged. */
export const elements = ({ first, count }: Part, group: number, size: number) => {
  const start = first * group;
  return { start, count: Math.min(size, (first + count) * group) - start };
};
