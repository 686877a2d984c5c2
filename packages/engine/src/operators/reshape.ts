/** @file The same codes in row-major order under another shape (rule 9). */

import type { TensorId } from "../program/program.js";
import { elementCount, noWorkingMemory, type OperatorDefinition } from "./definition.js";

/** Same codes in row-major order under another shape (Reshape, Flatten). */
export interface ReshapeOperator {
  readonly op: "reshape";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
}

export const reshape: OperatorDefinition<ReshapeOperator> = {
  fields: { input: { kind: "tensor" }, output: { kind: "tensor" } },

  inputs: ({ input }) => [input],

  check(op, context) {
    const from = context.tensor(op.input).shape;
    const to = context.tensor(op.output).shape;
    if (elementCount(from) !== elementCount(to))
      context.fail("output", `shape [${to}] has another number of elements than [${from}]`);
    context.sameQuantization("output", op.input, op.output);
  },

  workingMemory: noWorkingMemory,

  prepare(op, memory) {
    const x = memory.codes(op.input);
    const y = memory.codes(op.output);
    return () => y.set(x);
  },
};
