/**
 * @file How much memory the kernels take for a program, known before any of it is allocated. An upper bound: which kernel runs a
 * layer depends on proofs about its codes, so each layer is counted with the largest form that its shape allows.
 */

import { elementCount } from "../operators/definition.js";
import { inputsOf, outputOf } from "../operators/index.js";
import type { Operator, Program } from "../program/program.js";
import type { Tier } from "../wasm/modules.js";
import { type FilterOperator, filterOf, isDepthwise, isThreeByThree } from "./choose.js";
import { pageBytes } from "./constants.js";
import { scratchBytes } from "./emit/scratch.js";
import { chunkBytes, fourByFour, largestFilters, twoByTwo } from "./emit/winograd.js";
import type { Tiling } from "./offsets.js";
import { stepBytes } from "./packer.js";
import { mapShape, type Placement, roundUp } from "./placement.js";
import { planProgram } from "./plan.js";
import { planWindow } from "./window.js";

/** Task records of an operator on one thread, with their alignment. */
const recordBytes = 2048;

/** Most bytes of memory for a program on `threads` threads, which share it. */
export function kernelBytes(program: Program, tier: Tier, threads = 1): number {
  const { end, placements } = planProgram(program, tier);
  let constants = 256 * program.inputTables.length + 4 * roundUp(program.classes, 8);
  let transformed = 0;
  for (const op of program.operators) {
    constants += recordBytes * threads + tableBytes(program, op);
    if (op.op !== "conv" && op.op !== "linear") continue;
    const input = placements[op.input]!;
    constants += filterBytes(op, input);
    const own = isTiled(op) ? Math.max(...tilings.map((tiling) => transformedBytes(tiling, input))) : 0;
    // Earlier layers keep the smaller block that they were given.
    if (own > transformed) constants += own;
    transformed = Math.max(transformed, own);
  }
  return roundUp(end + constants + scratchBytes * threads + transformed * (threads - 1), pageBytes) + pageBytes;
}

const tilings = [twoByTwo, fourByFour];
const isTiled = (op: FilterOperator): boolean => op.op === "conv" && isThreeByThree(op);

/** Offsets: of pixels or tiles for every tensor that takes part and a fused copy; of elements where their order changes. */
function tableBytes(program: Program, op: Operator): number {
  const { shape } = program.tensors[outputOf(op) ?? inputsOf(op)[0]!]!;
  const [, height, width] = mapShape(shape);
  const pixels = roundUp(height, 4) * roundUp(width, 4) + 16 * twoByTwo.group;
  const reorders = op.op === "reshape" || op.op === "transpose" || op.op === "slice" || op.op === "dequantize";
  return (
    4 * pixels * (inputsOf(op).length + 2) + (reorders ? 8 * elementCount(shape) : 0) + (op.op === "table" ? 256 : 0)
  );
}

/** Packed weights, starts of their sums (a quarter at most, as pieces have four steps or more), multipliers and bias. */
function filterBytes(op: FilterOperator, input: Placement): number {
  const filter = filterOf(op);
  const blocks = roundUp(filter.outputs, 8) / 8;
  const parameters = blocks * 32 * (1 + twoByTwo.edge ** 2);
  if (isDepthwise(op)) return parameters + blocks * 16 * roundUp(filter.kernel[0] * filter.kernel[1], 2);
  const { rowOffsets, rowSteps } = planWindow(filter, input, 8);
  const direct = rowOffsets.length * rowSteps;
  const pairs = Math.ceil((filter.inputs * input.elementBytes) / 4);
  const usesFour = input.elementBytes === 2 && 72 * filter.inputs * filter.outputs <= largestFilters;
  const tiled = isTiled(op) ? positions(usesFour ? fourByFour : twoByTwo) * pairs : 0;
  const runs = 16 * (direct + rowOffsets.length);
  return parameters + runs + blocks * Math.max(direct, tiled) * stepBytes * (input.elementBytes === 1 ? 1.25 : 1);
}

const positions = ({ edge }: Tiling): number => (edge + 2) ** 2;

/** Input of as many tiles as are transformed at once. */
function transformedBytes(tiling: Tiling, input: Placement): number {
  const group = positions(tiling) * roundUp(input.pixelPitch, 16) * tiling.group;
  const tiles = Math.ceil(input.height / tiling.edge + 1) * Math.ceil(input.width / tiling.edge + 1);
  return Math.min(Math.max(chunkBytes, group), Math.ceil(tiles / tiling.group) * group);
}
