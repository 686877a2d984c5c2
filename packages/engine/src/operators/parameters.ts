/** @file The number of bytes that the constants of an operator take in memory. */

import type { Operator } from "../program/program.js";
import { elementCount, type Field, type FieldKind, type FieldTypes } from "./definition.js";
import { operators } from "./index.js";

const none = () => 0;

/** Number of bytes of a field's value after reading. */
const fieldBytes: { readonly [K in FieldKind]: (value: FieldTypes[K]) => number } = {
  tensor: none,
  tensors: none,
  integer: none,
  integers: none,
  boolean: none,
  residual: none,
  weights: ({ shape }) => elementCount(shape) + 4 * shape[0]!,
  bias: ({ length }) => 4 * length,
  table: ({ length }) => length,
};

/** Unpacked weights, scales, biases and tables of an operator, in bytes. */
export function parameterBytes(op: Operator): number {
  const values = op as unknown as Readonly<Record<string, unknown>>;
  const fields: Readonly<Record<string, Field>> = operators[op.op].fields;
  let sum = 0;
  for (const name in fields) {
    const value = values[name];
    if (value !== undefined) sum += (fieldBytes[fields[name]!.kind] as (value: unknown) => number)(value);
  }
  return sum;
}
