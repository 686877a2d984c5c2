/** @file The number of bytes that the constants of an operator take in memory. */

import type { Operator } from "../program/program.js";
import { elementCount, type Field, type FieldKind, type FieldTypes } from "./definition.js";
import { operators } from "./index.js";

const none = () => 0;

/** Bytes of a field's value after reading. */
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
  return Object.entries<Field>(operators[op.op].fields).reduce((sum, [name, { kind }]) => {
    const value = values[name];
    return value === undefined ? sum : sum + (fieldBytes[kind] as (value: unknown) => number)(value);
  }, 0);
}
