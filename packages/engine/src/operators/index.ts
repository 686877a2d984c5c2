/** @file Every operator of the engine. */

import type { Operator, Program, TensorId } from "../program/program.js";
import { add } from "./add.js";
import { averagePool } from "./average-pool.js";
import { concat } from "./concat.js";
import { conv } from "./conv.js";
import { elementCount, type OperatorDefinition } from "./definition.js";
import { dequantize } from "./dequantize.js";
import { linear } from "./linear.js";
import { maxPool } from "./max-pool.js";
import { multiply } from "./multiply.js";
import { pad } from "./pad.js";
import { rescale } from "./rescale.js";
import { reshape } from "./reshape.js";
import { slice } from "./slice.js";
import { table } from "./table.js";
import { transpose } from "./transpose.js";

/** The list of all operators. `Operator`, the reader, the writer and every other table are derived from it. */
export const operators = {
  conv,
  linear,
  rescale,
  table,
  add,
  multiply,
  maxPool,
  averagePool,
  concat,
  slice,
  pad,
  reshape,
  transpose,
  dequantize,
};

export type Operators = typeof operators;

/** The definition of an operator, typed for it. */
export function definitionOf<T extends Operator>(op: T): OperatorDefinition<T> {
  return operators[op.op] as unknown as OperatorDefinition<T>;
}

/** Every tensor that an operator reads. */
export const inputsOf = (op: Operator): readonly TensorId[] => definitionOf(op).inputs(op);

/** The tensor that an operator writes; `undefined` for the operator that yields the logits. */
export const outputOf = (op: Operator): TensorId | undefined => ("output" in op ? op.output : undefined);

/** Multiply-adds per image, of convolutions and linear layers, which take nearly all the time. */
export function multiplyAdds(program: Program): number {
  return program.operators.reduce((sum, op) => sum + operatorMultiplyAdds(program, op), 0);
}

export const operatorMultiplyAdds = (program: Program, op: Operator): number =>
  definitionOf(op).multiplyAdds?.(op, program) ?? 0;

/** Elementary steps per image, for a limit on work. */
export function operations(program: Program, op: Operator): number {
  const output = outputOf(op);
  const written = output === undefined ? program.classes : elementCount(program.tensors[output]!.shape);
  return operatorMultiplyAdds(program, op) + Math.max(written, definitionOf(op).visitedElements?.(op, program) ?? 0);
}
