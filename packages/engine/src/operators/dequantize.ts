/** @file The logits from a stored vector: fround(s · fround(q − z)) (rule 10). */

import type { TensorId } from "../program/program.js";
import { noWorkingMemory, type OperatorDefinition } from "./definition.js";

/** A stored `[classes]` tensor read back as float32 logits (rule 10). */
export interface DequantizeOperator {
  readonly op: "dequantize";
  readonly name: string;
  readonly input: TensorId;
}

export const dequantize: OperatorDefinition<DequantizeOperator> = {
  fields: { input: { kind: "tensor" } },

  inputs: ({ input }) => [input],

  check(op, context) {
    context.shape("input", op.input, [context.program.classes]);
    const { bits, scale, zeroPoint } = context.tensor(op.input);
    const largest = scale * Math.max(zeroPoint, 2 ** bits - 1 - zeroPoint);
    if (!Number.isFinite(Math.fround(largest)))
      context.fail("input", `gives logits of up to ${largest}, beyond float32; the scale does not fit`);
  },

  workingMemory: noWorkingMemory,

  prepare(op, memory) {
    const { scale, zeroPoint } = memory.program.tensors[op.input]!;
    const x = memory.codes(op.input);
    const { logits } = memory;
    return () => {
      for (let i = 0; i < logits.length; i++) logits[i] = Math.fround(scale * (x[i]! - zeroPoint));
    };
  },
};
