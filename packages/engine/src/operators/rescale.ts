/** @file Change of scale or bit width: y = clamp(rne(fround(fround(q − z_a) · m)) + z_b, lo, hi), m = fround(s_a / s_b) (rule 7). */

import type { OutputRange, TensorId } from "../program/program.js";
import { rescaleMultiplier, toCode } from "./arithmetic.js";
import { noWorkingMemory, type OperatorDefinition } from "./definition.js";
import { applyTables } from "./table.js";

/** Change of scale or bit width (rule 7). */
export interface RescaleOperator extends OutputRange {
  readonly op: "rescale";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
}

export const rescale: OperatorDefinition<RescaleOperator> = {
  fields: {
    input: { kind: "tensor" },
    output: { kind: "tensor" },
    lo: { kind: "integer" },
    hi: { kind: "integer" },
  },

  inputs: ({ input }) => [input],

  check(op, context) {
    const input = context.tensor(op.input);
    const output = context.tensor(op.output);
    context.shape("output", op.output, input.shape);
    context.range(op, output);
    context.multiplier("output", rescaleMultiplier(input.scale, output.scale));
  },

  workingMemory: noWorkingMemory,

  /** There are at most 256 input codes, so the arithmetic is done once for each of them. */
  prepare(op, memory) {
    const input = memory.program.tensors[op.input]!;
    const output = memory.program.tensors[op.output]!;
    const m = rescaleMultiplier(input.scale, output.scale);
    const table = Uint8Array.from({ length: 2 ** input.bits }, (_, q) =>
      toCode(Math.fround((q - input.zeroPoint) * m), output.zeroPoint, op.lo, op.hi),
    );
    return applyTables(table, table.length, memory.codes(op.input), memory.codes(op.output));
  },
};
