/** @file y = W·x + b over a vector: codes by rule 5, or the float32 logits of the program by rule 10. */

import type { QuantizedWeights, TensorId } from "../program/program.js";
import { channelMultipliers, toCode } from "./arithmetic.js";
import { elementCount, noWorkingMemory, type OperatorDefinition } from "./definition.js";

/**
 * y = W·x + b over a `[C]` tensor. With `output`, `lo` and `hi` the result is codes (rule 5); without all three it is the
 * program's float32 logits (rule 10).
 */
export interface LinearOperator {
  readonly op: "linear";
  readonly name: string;
  readonly input: TensorId;
  readonly output?: TensorId;
  readonly lo?: number;
  readonly hi?: number;
  readonly weights: QuantizedWeights;
  readonly bias: Int32Array;
}

export const linear: OperatorDefinition<LinearOperator> = {
  fields: {
    input: { kind: "tensor" },
    output: { kind: "tensor", optional: true },
    weights: { kind: "weights" },
    bias: { kind: "bias" },
    lo: { kind: "integer", optional: true },
    hi: { kind: "integer", optional: true },
  },

  inputs: ({ input }) => [input],

  check(op, context) {
    const { shape } = context.tensor(op.input);
    if (shape.length !== 1) context.fail("input", `must have shape [C], has [${shape}]`);
    const { output: id, lo, hi } = op;
    if ((id === undefined) !== (lo === undefined) || (id === undefined) !== (hi === undefined))
      context.fail("output", "output, lo and hi must all be present or all be absent");
    const outputs = id === undefined ? context.program.classes : context.tensor(id).shape[0]!;
    if (id !== undefined) context.shape("output", id, [outputs]);
    const outputScale = id === undefined ? 1 : context.tensor(id).scale;
    context.weights(op.weights, op.bias, [outputs, shape[0]!], op.input, outputScale);
    if (id !== undefined) context.range({ lo: lo!, hi: hi! }, context.tensor(id));
  },

  workingMemory: noWorkingMemory,
  multiplyAdds: ({ weights }) => elementCount(weights.shape),

  prepare(op, memory) {
    const { tensors } = memory.program;
    const { scale, zeroPoint } = tensors[op.input]!;
    const output = op.output === undefined ? undefined : tensors[op.output]!;
    const multipliers = channelMultipliers(scale, op.weights.scales, output?.scale ?? 1);
    const x = memory.codes(op.input);
    const { codes } = op.weights;
    const fanIn = x.length;

    const value = (o: number): number => {
      let acc = op.bias[o]!;
      for (let k = 0; k < fanIn; k++) acc += codes[o * fanIn + k]! * (x[k]! - zeroPoint);
      return Math.fround(Math.fround(acc) * multipliers[o]!);
    };

    if (output === undefined) {
      const { logits } = memory;
      return () => {
        for (let o = 0; o < logits.length; o++) logits[o] = value(o);
      };
    }
    const y = memory.codes(op.output!);
    return () => {
      for (let o = 0; o < y.length; o++) y[o] = toCode(value(o), output.zeroPoint, op.lo!, op.hi!);
    };
  },
};
