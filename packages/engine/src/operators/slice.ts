/** @file Moves codes: output[i] = input[starts + i · steps] along every axis (rule 9). */

import type { TensorId } from "../program/program.js";
import { noWorkingMemory, type OperatorDefinition } from "./definition.js";
import { gather, rowMajorStrides } from "./gather.js";

/**
 * Moves codes: output[i] = input[starts + i · steps], with one entry per axis. Steps are at least 1; the output's shape
 * gives the end.
 */
export interface SliceOperator {
  readonly op: "slice";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly starts: readonly number[];
  readonly steps: readonly number[];
}

export const slice: OperatorDefinition<SliceOperator> = {
  fields: {
    input: { kind: "tensor" },
    output: { kind: "tensor" },
    starts: { kind: "integers" },
    steps: { kind: "integers" },
  },

  inputs: ({ input }) => [input],

  check(op, context) {
    const from = context.tensor(op.input).shape;
    const to = context.tensor(op.output).shape;
    if (to.length !== from.length) context.fail("output", `must have ${from.length} axes, has ${to.length}`);
    context.sameQuantization("output", op.input, op.output);
    context.integers("starts", op.starts, from.length, 0, 2 ** 31 - 1);
    context.integers("steps", op.steps, from.length, 1, 2 ** 31 - 1);
    for (const [axis, size] of to.entries()) {
      const last = op.starts[axis]! + (size - 1) * op.steps[axis]!;
      if (last >= from[axis]!)
        context.fail("output", `reads element ${last} of axis ${axis}, which has ${from[axis]} elements`);
    }
  },

  workingMemory: noWorkingMemory,

  prepare(op, memory) {
    const strides = rowMajorStrides(memory.program.tensors[op.input]!.shape);
    const start = op.starts.reduce((sum, first, axis) => sum + first * strides[axis]!, 0);
    const steps = strides.map((stride, axis) => stride * op.steps[axis]!);
    const { shape } = memory.program.tensors[op.output]!;
    return gather(memory.codes(op.input), start, steps, shape, memory.codes(op.output));
  },
};
