/**
 * @file Checks the types of all values in a program. The file's reader checks each JSON value as it reads it. A program that
 * was built in plain JavaScript has passed no schema, but `checkProgram` and the arithmetic rely on one.
 */

import { described, isObject, wrongArgument } from "../arguments.js";
import { invalid } from "../errors.js";
import type { Field, FieldKind } from "../operators/definition.js";
import { operators } from "../operators/index.js";
import type { OperatorType, Program } from "./program.js";

/** @throws {FormatError} that names the field if the value has another type */
type TypeCheck = (field: string, value: unknown) => void;

const type =
  (expected: string, holds: (value: unknown) => boolean): TypeCheck =>
  (field, value) => {
    if (!holds(value)) throw invalid(field, `must be ${expected}, is ${described(value)}`);
  };

const number = type("a number", (value) => typeof value === "number");
const text = type("a text", (value) => typeof value === "string");
const truth = type("true or false", (value) => typeof value === "boolean");
const anObject = type("an object", isObject);
const list = type("a list", Array.isArray);
const bytes = type("a Uint8Array", (value) => value instanceof Uint8Array);
const int32 = type("an Int32Array", (value) => value instanceof Int32Array);
const float32 = type("a Float32Array", (value) => value instanceof Float32Array);

const listOf =
  (item: TypeCheck): TypeCheck =>
  (field, value) => {
    list(field, value);
    for (const [i, each] of (value as readonly unknown[]).entries()) item(`${field}[${i}]`, each);
  };

const optional =
  (check: TypeCheck): TypeCheck =>
  (field, value) => {
    if (value !== undefined) check(field, value);
  };

const record = (members: Readonly<Record<string, TypeCheck>>): TypeCheck => {
  const entries = Object.entries(members);
  return (field, value) => {
    anObject(field, value);
    for (const [name, check] of entries)
      check(field === "" ? name : `${field}.${name}`, (value as Readonly<Record<string, unknown>>)[name]);
  };
};

/** Codes of weights are not read here, because reading unpacks them; they are checked together with their values. */
const weights = record({ bits: number, shape: listOf(number), scales: float32 });

const kinds: Readonly<Record<FieldKind, TypeCheck>> = {
  tensor: number,
  tensors: listOf(number),
  integer: number,
  integers: listOf(number),
  boolean: truth,
  residual: record({ tensor: number }),
  weights,
  bias: int32,
  table: bytes,
};

const recordOf = (fields: Readonly<Record<string, Field>>): TypeCheck =>
  record({
    name: text,
    ...Object.fromEntries(
      Object.entries(fields).map(([name, { kind, optional: isOptional }]) => [
        name,
        isOptional ? optional(kinds[kind]) : kinds[kind],
      ]),
    ),
  });

const operatorTypes = new Map<unknown, TypeCheck>(
  Object.keys(operators).map((op) => [op, recordOf(operators[op as OperatorType].fields)]),
);

const operator: TypeCheck = (field, value) => {
  anObject(field, value);
  const { op } = value as { readonly op: unknown };
  const check = operatorTypes.get(op);
  if (check === undefined) throw invalid(`${field}.op`, `is no operator of the engine: ${described(op)}`);
  check(field, value);
};

const program = record({
  name: text,
  tensors: listOf(record({ name: text, shape: listOf(number), bits: number, scale: number, zeroPoint: number })),
  input: number,
  inputTables: listOf(bytes),
  operators: listOf(operator),
  classes: number,
  labels: optional(listOf(text)),
  probabilities: optional(text),
  preprocessing: record({
    channels: number,
    height: number,
    width: number,
    resize: text,
    resizeTo: optional(number),
    mean: listOf(number),
    std: listOf(number),
  }),
  provenance: anObject,
});

/** @throws {InputError} if the program is not an object; {FormatError} that names the field with another type */
export function checkTypes(value: Program): void {
  if (!isObject(value)) throw wrongArgument("the program", value, "a program");
  program("", value);
}
