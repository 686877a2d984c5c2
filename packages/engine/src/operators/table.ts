/** @file Any unary step as a stored table, output code = table[input code] (rule 7). */

import type { TensorId } from "../program/program.js";
import { noWorkingMemory, type OperatorDefinition } from "./definition.js";

/** Any other unary step: output code = table[input code]; 2^bits(input) entries, stored in the file (rule 7). */
export interface TableOperator {
  readonly op: "table";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  readonly table: Uint8Array;
}

export const table: OperatorDefinition<TableOperator> = {
  fields: { input: { kind: "tensor" }, output: { kind: "tensor" }, table: { kind: "table" } },

  inputs: ({ input }) => [input],

  check(op, context) {
    const input = context.tensor(op.input);
    const output = context.tensor(op.output);
    context.shape("output", op.output, input.shape);
    if (op.table.length !== 2 ** input.bits)
      context.fail("table", `must have ${2 ** input.bits} entries for ${input.bits} bits, has ${op.table.length}`);
    const highest = 2 ** output.bits - 1;
    const bad = op.table.findIndex((code) => code > highest);
    if (bad !== -1) context.fail(`table[${bad}]`, `must be at most ${highest}, is ${op.table[bad]}`);
  },

  workingMemory: noWorkingMemory,

  prepare: (op, memory) => applyTable(op.table, memory.codes(op.input), memory.codes(op.output)),
};

/** y[i] = table[x[i]] as a step of a run. */
export function applyTable(table: Uint8Array, x: Uint8Array, y: Uint8Array): () => void {
  return () => {
    for (let i = 0; i < x.length; i++) y[i] = table[x[i]!]!;
  };
}
