/**
 * @file Functions for users about the arithmetic, or about a program that is not run. They check their arguments; the
 * engine calls the unchecked forms after its own checks.
 */

import { wrongArgument } from "../arguments.js";
import * as arithmetic from "../operators/arithmetic.js";
import * as operators from "../operators/index.js";
import * as reference from "../reference/reference.js";
import { checkReferences, type MemoryRequirement, memoryOf } from "./check.js";
import type { Operator, Program } from "./program.js";

/**
 * Most bytes that the reference needs for a program, computed before any of them is allocated.
 * @throws {FormatError} if something in the program is missing or has another type
 */
export function memoryRequirement(program: Program): MemoryRequirement {
  checkReferences(program);
  return memoryOf(program);
}

/**
 * Multiply-adds per image, of convolutions and linear layers, which take nearly all the time.
 * @throws {FormatError} if something in the program is missing or has another type
 */
export function multiplyAdds(program: Program): number {
  checkReferences(program);
  return operators.multiplyAdds(program);
}

/**
 * Multiply-adds per image of one operator.
 *
 * @throws {FormatError} if something in the program is missing or has another type
 * @throws {InputError} if the operator is not one of the program's
 */
export function operatorMultiplyAdds(program: Program, op: Operator): number {
  checkReferences(program);
  if (!program.operators.includes(op)) throw wrongArgument("the operator", op, "one of the program's operators");
  return operators.operatorMultiplyAdds(program, op);
}

/**
 * Codes of a float tensor as input, `clamp(rne(fround(x / s)) + z)` (rule 8); layout `[count, C, H, W]` as `runCodes` takes it.
 * @throws {InputError} if a value is NaN, or if the array is not a Float32Array of whole images
 * @throws {FormatError} if something in the program is missing or has another type
 */
export function quantizeInput(program: Program, values: Float32Array): Uint8Array {
  checkReferences(program);
  const size = program.tensors[program.input]!.shape.reduce((product, side) => product * side, 1);
  if (!(values instanceof Float32Array && values.length > 0 && values.length % size === 0))
    throw wrongArgument("values", values, `a Float32Array of whole images of ${size} elements`);
  return reference.quantizeInput(program, values);
}

/**
 * The nearest integer, halves to even; NaN and infinities are returned as they are.
 * @throws {InputError} if the value is not a number
 */
export function roundHalfToEven(value: number): number {
  if (typeof value !== "number") throw wrongArgument("the value", value, "a number");
  return arithmetic.roundHalfToEven(value);
}
