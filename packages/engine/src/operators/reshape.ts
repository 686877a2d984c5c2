/** @file The same codes in row-major order under another shape (rule 9). */

import type { ReshapeOperator } from "../program/program.js";
import { elementCount, type OperatorDefinition } from "./definition.js";

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

  prepare(op, memory) {
    const x = memory.codes(op.input);
    const y = memory.codes(op.output);
    return () => y.set(x);
  },
};
