/** @file Divides the steps of a run among threads, in phases. Threads wait for each other between phases. */

import type { KernelName } from "../../wasm/modules.js";
import type { Constants } from "../constants.js";
import type { Step } from "../emit/emitter.js";
import type { ScratchBlocks } from "../emit/scratch.js";
import { shareOut } from "./shares.js";

/**
 * One call of a kernel, in a form that can be posted to a thread. `operator` is the index of the operator, or −1 for the
 * input.
 */
export interface Call {
  readonly operator: number;
  readonly kernel: KernelName;
  readonly task: number;
}

/** The calls of one thread, by phase. All threads have the same number of phases. */
export type Schedule = readonly (readonly Call[])[];

/** @param scratch  working memory of each thread */
export function scheduleSteps(
  constants: Constants,
  steps: readonly Step[],
  scratch: readonly ScratchBlocks[],
): readonly Schedule[] {
  const schedules: Call[][][] = scratch.map(() => []);
  let borders: Call[] = [];
  let canJoin = false;
  for (const { axes, ...step } of steps) {
    // A border lies around the pixels that the operator's own kernel writes, so that both can be done at once.
    if (isBorder(constants, step)) {
      borders.push(step);
      continue;
    }
    const tasks = shareOut(constants, axes, step.task, scratch);
    const isAlone = tasks.slice(1).every((task) => task === undefined);
    if (isAlone && canJoin) schedules[0]!.at(-1)!.push(...borders, step);
    else
      for (const [thread, task] of tasks.entries())
        schedules[thread]!.push([...(thread === 0 ? borders : []), ...(task === undefined ? [] : [{ ...step, task }])]);
    borders = [];
    canJoin = isAlone;
  }
  return schedules;
}

/** Whether the call only fills a border. A call that fills the whole buffer must end before pixels are written. */
const isBorder = (constants: Constants, { kernel, task }: Call): boolean =>
  kernel === "border" && constants.field("BorderTask", "row", task) > 0;
