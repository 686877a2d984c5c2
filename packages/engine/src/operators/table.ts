/** @file A unary function as a stored table, output code = table[input code] (rule 7). */

import type { TensorId } from "../program/program.js";
import { noWorkingMemory, type OperatorDefinition } from "./definition.js";

/**
 * Any other unary function: output code = table[input code]. The file has one table for all channels or one per channel (rule
 * 7).
 */
export interface TableOperator {
  readonly op: "table";
  readonly name: string;
  readonly input: TensorId;
  readonly output: TensorId;
  /** `[2^bits(input)]` or `[C, 2^bits(input)]`. */
  readonly table: Uint8Array;
}

export const table: OperatorDefinition<TableOperator> = {
  fields: { input: { kind: "tensor" }, output: { kind: "tensor" }, table: { kind: "table" } },

  inputs: ({ input }) => [input],

  check(op, context) {
    const input = context.tensor(op.input);
    const output = context.tensor(op.output);
    context.shape("output", op.output, input.shape);
    const entries = 2 ** input.bits;
    const all = entries * input.shape[0]!;
    if (op.table.length !== entries && op.table.length !== all)
      context.fail(
        "table",
        `must have ${entries} entries for ${input.bits} bits, or ${all} for the channels, has ${op.table.length}`,
      );
    const highest = 2 ** output.bits - 1;
    const bad = op.table.findIndex((code) => code > highest);
    if (bad !== -1) context.fail(`table[${bad}]`, `must be at most ${highest}, is ${op.table[bad]}`);
  },

  workingMemory: noWorkingMemory,

  prepare: (op, memory) =>
    applyTables(op.table, 2 ** memory.program.tensors[op.input]!.bits, memory.codes(op.input), memory.codes(op.output)),
};

/** A step of a run: y[i] = table[x[i]], with the table of the element's channel if there are several. */
export function applyTables(tables: Uint8Array, entries: number, x: Uint8Array, y: Uint8Array): () => void {
  const count = tables.length / entries;
  const size = x.length / count;
  return () => {
    for (let c = 0; c < count; c++) for (let i = c * size; i < (c + 1) * size; i++) y[i] = tables[c * entries + x[i]!]!;
  };
}
