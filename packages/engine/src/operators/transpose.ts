/** @file Moves codes: axis i of the output is axis `permutation[i]` of the input (rule 9). */

import type { TensorId } from "../program/program.js";
import { noWorkingMemory, type OperatorDefinition } from "./definition.js";
import { gather, rowMajorStrides } from "./gather.js";

export interface TransposeOperator {
  readonly op: "transpose";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly permutation: readonly number[];
}

export const transpose: OperatorDefinition<TransposeOperator> = {
  fields: { input: { kind: "tensor" }, output: { kind: "tensor" }, permutation: { kind: "integers" } },

  inputs: ({ input }) => [input],

  check(op, context) {
    const { shape } = context.tensor(op.input);
    context.integers("permutation", op.permutation, shape.length, 0, shape.length - 1);
    if (new Set(op.permutation).size !== shape.length)
      context.fail("permutation", `must name every axis once, is [${op.permutation}]`);
    context.sameQuantization("output", op.input, op.output);
    const moved = op.permutation.map((axis) => shape[axis]!);
    context.shape("output", op.output, moved);
  },

  workingMemory: noWorkingMemory,

  prepare(op, memory) {
    const strides = rowMajorStrides(memory.program.tensors[op.input]!.shape);
    const steps = op.permutation.map((axis) => strides[axis]!);
    const { shape } = memory.program.tensors[op.output]!;
    return gather(memory.codes(op.input), 0, steps, shape, memory.codes(op.output));
  },
};
