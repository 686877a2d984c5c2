/**
 * @file The types of attributes: the type with which a value is written, and the type that a name must have when it is read.
 *
 * JavaScript has one number type and ONNX has two, so 1 could be INT or FLOAT. Most attributes are integers. Those of type
 * FLOAT are listed here by name, because hardly any name is an integer in one operator and a float in another.
 */

import { ModelError } from "../errors.js";
import type { Attribute, Node } from "../ir/types.js";
import type { AttributeType } from "./schema.js";

type Kind = keyof typeof AttributeType;

const floats: ReadonlySet<string> = new Set([
  "activation_alpha",
  "activation_beta",
  "alpha",
  "beta",
  "bias", // LRN
  "clip",
  "cubic_coeff_a",
  "epsilon",
  "extrapolation_value",
  "gamma",
  "high",
  "lambd",
  "low",
  "mean",
  "momentum",
  "norm_coefficient",
  "ratio",
  "sample_size",
  "scale",
  "scales",
  "softcap",
  "spatial_scale",
  "threshold",
  "value_float",
  "value_floats",
]);

/** Attributes that are floats in these operators, although their names are integers elsewhere. */
const floatsOfOperator: Readonly<Record<string, readonly string[]>> = {
  RandomNormal: ["seed"],
  RandomNormalLike: ["seed"],
  RandomUniform: ["seed"],
  RandomUniformLike: ["seed"],
  Bernoulli: ["seed"],
  Multinomial: ["seed"],
};

/** @throws {ModelError} for a fraction if the operator takes integers */
export function attributeKind(node: Node, name: string, value: Attribute): Kind {
  if (typeof value === "string") return "STRING";
  if (typeof value === "boolean" || typeof value === "bigint") return "INT";
  const isFloat = floats.has(name) || (floatsOfOperator[node.op]?.includes(name) ?? false);
  if (typeof value === "number") {
    if (isFloat) return "FLOAT";
    requireIntegers(node, name, [value]);
    return "INT";
  }
  if ("dtype" in value) return "TENSOR";
  if (typeof value[0] === "string") return "STRINGS";
  if (isFloat) return "FLOATS";
  requireIntegers(node, name, value as readonly number[]);
  return "INTS";
}

function requireIntegers(node: Node, name: string, values: readonly number[]): void {
  const fraction = values.find((value) => !Number.isSafeInteger(value));
  if (fraction !== undefined)
    throw new ModelError(
      "operator-mismatch",
      { operator: node.op, node: node.name, attribute: name, found: fraction, expected: "an integer" },
      `${node.op} "${node.name}": attribute "${name}" is an integer in ONNX, found ${fraction}`,
    );
}

/** The kinds of attributes that operators rely on, by name; a name has the same kind in all of ONNX's own operators. */
const kindsOfNames = {
  FLOAT: ["alpha", "beta", "epsilon", "max", "min", "momentum", "ratio"],
  INT: [
    "allowzero",
    "axis",
    "block_size",
    "ceil_mode",
    "count_include_pad",
    "end",
    "group",
    "keepdims",
    "noop_with_empty_axes",
    "num_outputs",
    "output_dtype",
    "select_last_index",
    "start",
    "storage_order",
    "to",
    "training_mode",
    "transA",
    "transB",
  ],
  INTS: [
    "axes",
    "dilations",
    "ends",
    "kernel_shape",
    "output_padding",
    "output_shape",
    "pads",
    "perm",
    "split",
    "starts",
    "strides",
  ],
  STRING: ["auto_pad", "mode", "reduction"],
} satisfies Partial<Record<Kind, string[]>>;

type CheckedKind = keyof typeof kindsOfNames | "TENSOR";

const kinds: ReadonlyMap<string, CheckedKind> = new Map(
  Object.entries(kindsOfNames).flatMap(([kind, names]) => names.map((name) => [name, kind as CheckedKind] as const)),
);

/**
 * Refuses an attribute of ONNX's own operators whose kind is not that of the specification, such as a text as `axis`. So the
 * operators need not check it.
 *
 * @throws {ModelError} that names the place, the operator and the attribute
 */
export function requireKind(place: string, op: string, name: string, value: Attribute): void {
  const kind = op === "ConstantOfShape" && name === "value" ? "TENSOR" : kinds.get(name);
  if (!kind) return;
  const fits: Readonly<Record<CheckedKind, boolean>> = {
    FLOAT: typeof value === "number",
    INT: typeof value === "number" && Number.isSafeInteger(value),
    INTS: Array.isArray(value) && value.every(Number.isSafeInteger),
    STRING: typeof value === "string",
    TENSOR: typeof value === "object" && "dtype" in value,
  };
  if (!fits[kind])
    throw new ModelError(
      "damaged-model",
      { place, reason: `not of the kind ${kind}`, expected: kind },
      `${place} is of another kind than ${kind}, or beyond ±2^53; the file is damaged`,
    );
}
