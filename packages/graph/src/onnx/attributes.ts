/**
 * @file Which kind of attribute a value is written as.
 *
 * JavaScript has one number type and ONNX two, so 1 could be INT or FLOAT. Most attributes are integers; the FLOAT ones
 * are listed here by name, since hardly any name means an integer in one operator and a float in another.
 */

import { ModelError } from "../errors.js";
import type { Attribute, Node } from "../ir/types.js";
import type { AttributeType } from "./schema.js";

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

/** Names that are integers elsewhere. */
const floatsOfOperator: Readonly<Record<string, readonly string[]>> = {
  RandomNormal: ["seed"],
  RandomNormalLike: ["seed"],
  RandomUniform: ["seed"],
  RandomUniformLike: ["seed"],
  Bernoulli: ["seed"],
  Multinomial: ["seed"],
};

/** @throws {ModelError} for a fraction where the operator takes integers */
export function attributeKind(node: Node, name: string, value: Attribute): keyof typeof AttributeType {
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
    throw new ModelError(`${node.op} "${node.name}": attribute "${name}" is an integer in ONNX, found ${fraction}`);
}
