/**
 * @file Chooses the kernel of a convolution or linear layer. The form of a tensor (bytes or int16) is decided for all
 * its readers together. Given that form, the layer's bit widths, shape and actual codes decide.
 */

import { packedCodes } from "../format/packed-weights.js";
import type { ConvOperator } from "../operators/conv.js";
import { inputsOf } from "../operators/index.js";
import type { LinearOperator } from "../operators/linear.js";
import type { Operator, Program, TensorId } from "../program/program.js";
import { fusedProduct } from "../wasm/fused-product.js";
import { highestByte, type Tier } from "../wasm/modules.js";
import { type FilterSums, fieldBitsFor, highFieldFits } from "./bounds.js";
import type { Packer } from "./packer.js";
import type { ElementBytes } from "./placement.js";
import type { Filter } from "./window.js";

export type FilterOperator = ConvOperator | LinearOperator;

export const isFilter = (op: Operator): op is FilterOperator => op.op === "conv" || op.op === "linear";

/** The convolution of an operator; a linear layer is a convolution of a 1×1 map. */
export function filterOf(op: FilterOperator): Filter {
  const [outputs, inputs, height = 1, width = 1] = op.weights.shape as [number, number, number?, number?];
  return op.op === "conv"
    ? { outputs, inputs, kernel: [height, width], dilations: op.dilations, groups: op.groups }
    : { outputs, inputs, kernel: [1, 1], dilations: [1, 1], groups: 1 };
}

export function isDepthwise(op: FilterOperator): boolean {
  return op.op === "conv" && op.groups > 1 && op.groups === op.weights.shape[0] && op.weights.shape[1] === 1;
}

/** Largest code of a tensor. */
export function highestCode(program: Program, id: TensorId): number {
  return 2 ** program.tensors[id]!.bits - 1;
}

/**
 * How tensors are stored: as bytes if all kernels that read them can (the tier's products: at most 7 bits, so that signed bytes
 * are not negative, or 8 bits if the machine's fused product is known), or if only other operators and depthwise convolutions
 * read them; else as int16.
 */
export function chooseElementBytes(program: Program, tier: Tier): ElementBytes[] {
  const elements = new Array<ElementBytes>(program.tensors.length).fill(1);
  for (const op of program.operators) {
    if (!isFilter(op) || isDepthwise(op)) continue;
    if (highestCode(program, op.input) > highestByte(tier) || mayWrapPairs(program, tier, op)) elements[op.input] = 2;
  }
  return elements;
}

/**
 * Whether the signed form of the fused product may be wrong: two products of −128 by −128 make 2^15, which the baseline compiler of V8 for
 * arm64 wraps to −2^15, and the optimizing one does not. No other pair leaves int16.
 */
export function mayWrapPairs(program: Program, tier: Tier, { input, weights }: FilterOperator): boolean {
  if (tier !== "fused" || weights.bits < 8 || highestCode(program, input) <= 127) return false;
  return fusedProduct() === "signed" && weights.codes.includes(-128);
}

/** Whether the codes of a layer that was read from a file stay packed when kernels run it. */
export function staysPacked(program: Program, tier: Tier, { input, weights }: FilterOperator): boolean {
  // Reading has unpacked them if their bound on sums could not be proved without them, and `mayWrapPairs` looks at codes of 8 bits.
  const isLooked = tier === "fused" && weights.bits === 8 && highestCode(program, input) > 127;
  return packedCodes(weights) !== undefined && !(isLooked && fusedProduct() === "signed");
}

/** Everything that the choice of a kernel depends on, computed once per layer. */
export interface Layer {
  readonly filter: Filter;
  readonly weightSums: FilterSums;
  /** Largest code of an activation. */
  readonly highest: number;
  /** Bias with the input's zero point folded in (rule 3 of docs/arithmetic.md). */
  readonly bias: Int32Array;
  /** The multipliers m[c] of rule 5 (docs/arithmetic.md); for logits, with an output scale of 1. */
  readonly multipliers: Float32Array;
  /** Whether |v| of rule 5 stays below 2^21, whatever the input is. */
  readonly isBounded: boolean;
}

/** Computes the facts that the choice depends on, and stages the layer's codes. */
export function describeLayer(program: Program, packer: Packer, op: FilterOperator): Layer {
  const filter = filterOf(op);
  packer.stage(op.weights, filter);
  const weightSums = packer.sums(filter);
  const input = program.tensors[op.input]!;
  const highest = highestCode(program, op.input);
  const outputScale = op.output === undefined ? 1 : program.tensors[op.output]!.scale;
  return { filter, weightSums, highest, ...packer.fold(op, weightSums, { ...input, highest }, outputScale) };
}

/** Smallest number of input channels for which the transforms are worth their time. */
const winogradChannels = 8;
/** Smallest multiplier for Winograd: a quarter of a smaller one could lose bits to underflow. */
const winogradMultiplier = 2 ** -100;

/** Whether Winograd's transforms apply: 3×3, stride 1, every input channel in every filter. */
export function isThreeByThree({ weights, strides, dilations, groups }: ConvOperator): boolean {
  const [, inputs, height, width] = weights.shape as [number, number, number, number];
  return (
    inputs >= winogradChannels &&
    height === 3 &&
    width === 3 &&
    [...strides, ...dilations, groups].every((n) => n === 1)
  );
}

/** Whether F(2×2, 3×3) is exact: four times every result must fit int32; intermediate sums may wrap. */
export function winogradFits({ weightSums, highest, bias, multipliers }: Layer): boolean {
  return bias.every(
    (b, c) =>
      4 * (weightSums.magnitudes[c]! * highest + Math.abs(b)) < 2 ** 31 && multipliers[c]! >= winogradMultiplier,
  );
}

/** Whether F(4×4, 3×3) is exact: every sum must lie within ±2^25, so that it can be recovered (`assembly/winograd4.ts`). */
export function winograd4Fits({ weightSums, highest }: Layer): boolean {
  return weightSums.magnitudes.every((magnitude) => magnitude * highest < 2 ** 25);
}

/** Bits of the low field if two weights can share a lane, else 0. */
export function packedFieldBits({ weightSums, highest, filter }: Layer): number {
  const bits = fieldBitsFor(weightSums.lowest, weightSums.highest);
  if (bits === 0) return 0;
  const largest = Math.max(weightSums.highest, -weightSums.lowest);
  // One step sums two products in the field.
  if (2 * largest * highest > 2 ** (bits - 1) - 1) return 0;
  for (let output = 0; output < filter.outputs; output++)
    if ((output & 4) !== 0 && !highFieldFits(weightSums.magnitudes[output]!, highest, bits)) return 0;
  return bits;
}

/** The indices of the operators that read each tensor. */
export function readersOf(program: Program): readonly (readonly number[])[] {
  const readers: number[][] = program.tensors.map(() => []);
  for (const [i, op] of program.operators.entries()) for (const id of new Set(inputsOf(op))) readers[id]!.push(i);
  return readers;
}
