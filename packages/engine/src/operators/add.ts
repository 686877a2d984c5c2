/**
 * @file Addition of two stored tensors (rule 6):
 * y = clamp(rne(fround(fround(fround(a − z_a) · m_a) + fround(fround(b − z_b) · m_b))) + z_y, lo, hi), m = fround(s / s_y).
 */

import type { OutputRange, TensorId } from "../program/program.js";
import { rescaleMultiplier, toCode } from "./arithmetic.js";
import { noWorkingMemory, type OperatorDefinition } from "./definition.js";

/** Addition of two stored tensors (rule 6, last sentence). */
export interface AddOperator extends OutputRange {
  readonly op: "add";
  readonly name: string;
  readonly inputs: readonly [TensorId, TensorId];
  readonly output: TensorId;
}

export const add: OperatorDefinition<AddOperator> = {
  fields: {
    inputs: { kind: "tensors", length: 2 },
    output: { kind: "tensor" },
    lo: { kind: "integer" },
    hi: { kind: "integer" },
  },

  inputs: ({ inputs }) => inputs,

  check(op, context) {
    if (op.inputs.length !== 2) context.fail("inputs", `must be two tensors, are ${op.inputs.length}`);
    const output = context.tensor(op.output);
    for (const [i, id] of op.inputs.entries()) {
      context.shape(`inputs[${i}]`, id, output.shape);
      context.multiplier(`inputs[${i}]`, rescaleMultiplier(context.tensor(id).scale, output.scale));
    }
    context.range(op, output);
  },

  workingMemory: noWorkingMemory,

  prepare(op, memory) {
    const { scale, zeroPoint } = memory.program.tensors[op.output]!;
    const [a, b] = op.inputs.map((id) => memory.codes(id)) as [Uint8Array, Uint8Array];
    const [valuesA, valuesB] = op.inputs.map((id) => {
      const input = memory.program.tensors[id]!;
      const m = rescaleMultiplier(input.scale, scale);
      return Float32Array.from({ length: 2 ** input.bits }, (_, q) => Math.fround((q - input.zeroPoint) * m));
    }) as [Float32Array, Float32Array];
    const y = memory.codes(op.output);
    const { lo, hi } = op;
    return () => {
      for (let i = 0; i < y.length; i++)
        y[i] = toCode(Math.fround(valuesA[a[i]!]! + valuesB[b[i]!]!), zeroPoint, lo, hi);
    };
  },
};
