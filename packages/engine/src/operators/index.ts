/** @file Every operator of the engine; a missing one does not compile. */

import type { Operator, OperatorType, Program, TensorId } from "../program/program.js";
import { add } from "./add.js";
import { averagePool } from "./average-pool.js";
import { concat } from "./concat.js";
import { conv } from "./conv.js";
import { elementCount, type OperatorDefinition } from "./definition.js";
import { dequantize } from "./dequantize.js";
import { linear } from "./linear.js";
import { maxPool } from "./max-pool.js";
import { pad } from "./pad.js";
import { rescale } from "./rescale.js";
import { reshape } from "./reshape.js";
import { slice } from "./slice.js";
import { table } from "./table.js";
import { transpose } from "./transpose.js";

export const operators: { readonly [K in OperatorType]: OperatorDefinition<Extract<Operator, { op: K }>> } = {
  conv,
  linear,
  rescale,
  table,
  add,
  maxPool,
  averagePool,
  concat,
  slice,
  pad,
  reshape,
  transpose,
  dequantize,
};

/** The definition of an operator, typed for it. */
export function definitionOf<T extends Operator>(op: T): OperatorDefinition<T> {
  return operators[op.op] as unknown as OperatorDefinition<T>;
}

/** Every tensor that an operator reads. */
export const inputsOf = (op: Operator): readonly TensorId[] => definitionOf(op).inputs(op);

/** The tensor that an operator writes; `undefined` for the one that yields the logits. */
export const outputOf = (op: Operator): TensorId | undefined => ("output" in op ? op.output : undefined);

/** Multiply-adds of one image: those of convolutions and linear layers, which are what takes the time. */
export function multiplyAdds(program: Program): number {
  return program.operators.reduce((sum, op) => sum + operatorMultiplyAdds(program, op), 0);
}

export function operatorMultiplyAdds(program: Program, op: Operator): number {
  if (op.op === "linear") return elementCount(op.weights.shape);
  if (op.op !== "conv") return 0;
  const [, height, width] = program.tensors[op.output]!.shape;
  return elementCount(op.weights.shape) * height! * width!;
}

/** Elements that the windows of a pooling visit in one image; 0 for other operators. */
export function pooledElements(program: Program, op: Operator): number {
  if (op.op !== "maxPool" && op.op !== "averagePool") return 0;
  return elementCount(program.tensors[op.output]!.shape) * op.kernel[0] * op.kernel[1];
}
