/** @file Moves codes into a larger tensor; new elements are the zero point (rule 9). */

import type { TensorId } from "../program/program.js";
import { noWorkingMemory, type OperatorDefinition } from "./definition.js";

/** Moves codes; new elements are the zero point. `before[i]` and `after[i]` count elements along axis i. */
export interface PadOperator {
  readonly op: "pad";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly before: readonly number[];
  readonly after: readonly number[];
}

export const pad: OperatorDefinition<PadOperator> = {
  fields: {
    input: { kind: "tensor" },
    output: { kind: "tensor" },
    before: { kind: "integers" },
    after: { kind: "integers" },
  },

  inputs: ({ input }) => [input],

  check(op, context) {
    const { shape } = context.tensor(op.input);
    context.integers("before", op.before, shape.length, 0, 2 ** 24);
    context.integers("after", op.after, shape.length, 0, 2 ** 24);
    context.sameQuantization("output", op.input, op.output);
    const padded = shape.map((size, axis) => op.before[axis]! + size + op.after[axis]!);
    context.shape("output", op.output, padded);
  },

  workingMemory: noWorkingMemory,

  prepare(op, memory) {
    const { shape, zeroPoint } = memory.program.tensors[op.input]!;
    const lead = 3 - shape.length;
    const three = (values: readonly number[], missing: number) =>
      [0, 1, 2].map((axis) => (axis < lead ? missing : values[axis - lead]!)) as [number, number, number];
    const [channels, height, width] = three(shape, 1);
    const [, outHeight, outWidth] = three(memory.program.tensors[op.output]!.shape, 1);
    const [front, top, left] = three(op.before, 0);
    const x = memory.codes(op.input);
    const y = memory.codes(op.output);
    return () => {
      y.fill(zeroPoint);
      for (let c = 0; c < channels; c++)
        for (let row = 0; row < height; row++) {
          const from = (c * height + row) * width;
          y.set(x.subarray(from, from + width), ((front + c) * outHeight + top + row) * outWidth + left);
        }
    };
  },
};
