/** @file Change of scale or width: y = clamp(rne(fround(fround(q − z_a) · m)) + z_b, lo, hi[c]), m = fround(s_a / s_b) (rule 7). */

import type { RescaleOperator } from "../program/program.js";
import { channelHighs, rescaleMultiplier, toCode } from "./arithmetic.js";
import type { OperatorDefinition } from "./definition.js";

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

  /** At most 256 codes come in, so the arithmetic is done once for each of them; a channel's bound is above lo and applies after it. */
  prepare(op, memory) {
    const input = memory.program.tensors[op.input]!;
    const output = memory.program.tensors[op.output]!;
    const m = rescaleMultiplier(input.scale, output.scale);
    const table = Uint8Array.from({ length: 2 ** input.bits }, (_, q) =>
      toCode(Math.fround((q - input.zeroPoint) * m), output.zeroPoint, op.lo, op.hi),
    );
    const highs = channelHighs(op.hi, output);
    const x = memory.codes(op.input);
    const y = memory.codes(op.output);
    const pixels = x.length / highs.length;
    return () => {
      for (const [c, hi] of highs.entries())
        for (let i = c * pixels; i < (c + 1) * pixels; i++) y[i] = Math.min(table[x[i]!]!, hi);
    };
  },
};
