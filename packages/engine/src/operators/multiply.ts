/**
 * @file Product of two stored tensors (rule 11), such as a feature map and its channels' gates (squeeze-and-excitation):
 * y = clamp(rne(fround(fround(acc) · m)) + z_y, lo, hi), acc = (a − z_a) · (b − z_b), m = fround(fround(s_a · s_b) / s_y).
 */

import type { OutputRange, QuantizedTensor, TensorId } from "../program/program.js";
import { productMultiplier, toCode } from "./arithmetic.js";
import { noWorkingMemory, type OperatorDefinition } from "./definition.js";

/**
 * Product of two stored tensors (rule 11). The first has the output's shape; the second has the same shape or one value per
 * channel.
 */
export interface MultiplyOperator extends OutputRange {
  readonly op: "multiply";
  readonly name: string;
  /** `[C, H, W]` and `[C, H, W]` or `[C, 1, 1]`; or `[C]` for both. */
  readonly inputs: readonly [TensorId, TensorId];
  readonly output: TensorId;
}

export const multiply: OperatorDefinition<MultiplyOperator> = {
  fields: {
    inputs: { kind: "tensors", length: 2 },
    output: { kind: "tensor" },
    lo: { kind: "integer" },
    hi: { kind: "integer" },
  },

  inputs: ({ inputs }) => inputs,

  check(op, context) {
    if (op.inputs.length !== 2) context.fail("inputs", `must be two tensors, are ${op.inputs.length}`);
    const [first, second] = op.inputs;
    const output = context.tensor(op.output);
    context.shape("inputs[0]", first, output.shape);
    const { shape } = context.tensor(second);
    const isPerChannel = shape.length === 3 && shape[1] === 1 && shape[2] === 1;
    context.shape("inputs[1]", second, isPerChannel ? [output.shape[0]!, 1, 1] : output.shape);
    context.range(op, output);
    const multiplier = productMultiplier(context.tensor(first).scale, context.tensor(second).scale, output.scale);
    context.multiplier("output", multiplier);
  },

  workingMemory: noWorkingMemory,

  prepare(op, memory) {
    const [left, right] = op.inputs.map((id) => memory.program.tensors[id]!) as [QuantizedTensor, QuantizedTensor];
    const { scale, zeroPoint } = memory.program.tensors[op.output]!;
    const m = productMultiplier(left.scale, right.scale, scale);
    const [a, b] = op.inputs.map((id) => memory.codes(id)) as [Uint8Array, Uint8Array];
    const y = memory.codes(op.output);
    /** Number of elements of the first tensor per element of the second. */
    const repeat = a.length / b.length;
    const { lo, hi } = op;
    return () => {
      for (let j = 0; j < b.length; j++) {
        const factor = b[j]! - right.zeroPoint;
        for (let i = j * repeat; i < (j + 1) * repeat; i++)
          y[i] = toCode(Math.fround((a[i]! - left.zeroPoint) * factor * m), zeroPoint, lo, hi);
      }
    };
  },
};
