/**
 * @file The memory that the kernels take for a program, known before any of it is allocated. It is an upper bound: each
 * operator's limit is in the file that emits it.
 */

import { inputsOf, outputOf } from "../operators/index.js";
import type { Operator, Program } from "../program/program.js";
import type { Tier } from "../wasm/modules.js";
import { isFilter } from "./choose.js";
import { pageBytes } from "./constants.js";
import type { PlacementOf } from "./emit/emission.js";
import { transformedBytes } from "./emit/filter-bytes.js";
import { constantBytes } from "./emit/index.js";
import { scratchBytes } from "./emit/scratch.js";
import { twoByTwo } from "./emit/winograd.js";
import { mapShape, roundUp } from "./placement.js";
import { type Plan, planProgram } from "./plan.js";

/** Bytes of task records per operator on one thread, with their alignment. */
const recordBytes = 2048;

/** Most bytes of memory for a program on `threads` threads, which share it. */
export const kernelBytes = (program: Program, tier: Tier, threads = 1): number =>
  plannedBytes(planProgram(program, tier), threads);

/** The memory, in bytes, of a program that is planned already. */
export function plannedBytes({ program, tier, end, placements }: Plan, threads: number): number {
  const placementOf: PlacementOf = (id) => placements[id]!;
  let constants = 256 * program.inputTables.length + 4 * roundUp(program.classes, 8);
  let transformed = 0;
  for (const op of program.operators) {
    constants += recordBytes * threads + offsetBytes(program, op) + constantBytes(op, placementOf, tier);
    if (!isFilter(op)) continue;
    const own = transformedBytes(op, placementOf);
    // Earlier layers keep the smaller block that they were given.
    if (own > transformed) constants += own;
    transformed = Math.max(transformed, own);
  }
  return roundUp(end + constants + scratchBytes * threads + transformed * (threads - 1), pageBytes) + pageBytes;
}

/** Bytes of offsets of pixels or tiles, for every tensor of the operator and a fused copy. */
function offsetBytes(program: Program, op: Operator): number {
  const [, height, width] = mapShape(program.tensors[outputOf(op) ?? inputsOf(op)[0]!]!.shape);
  const pixels = roundUp(height, 4) * roundUp(width, 4) + 16 * twoByTwo.group;
  return 4 * pixels * (inputsOf(op).length + 2);
}
