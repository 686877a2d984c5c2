/** @file Removes nodes that return their input: Identity, Dropout in evaluation, and operators whose arguments do nothing. */

import { dtypeCode } from "../ir/element-types.js";
import { toNumbers } from "../ir/tensor.js";
import type { Node, TensorType } from "../ir/types.js";
import { anyValue, constant, type NodePattern, node, optional } from "../patterns/pattern.js";
import { type Rule, skip } from "../patterns/rule.js";
import { rulePass } from "./pass.js";

const x = anyValue();

/** A rule that makes readers of `match` read `x` if `isIdentity` returns true. */
function identityRule(
  name: string,
  match: NodePattern,
  isIdentity: (node: Node, from?: TensorType, to?: TensorType) => boolean,
): Rule {
  return {
    name,
    match,
    rewrite: (found, { type }) =>
      isIdentity(found.root, type(found.value(x)), type(found.root.outputs[0]!))
        ? found.value(x)
        : skip(`${found.root.op} "${found.root.name}" changes its input`),
  };
}

/** Whether two types are equal, with every dimension known as a number or symbol. */
function sameType(a: TensorType | undefined, b: TensorType | undefined): boolean {
  if (!a?.shape || !b?.shape || a.dtype !== b.dtype || a.shape.length !== b.shape.length) return false;
  return a.shape.every((dim, axis) => dim === b.shape![axis]);
}

const identity = identityRule("identity", node("Identity", [x]), () => true);

const ratio = optional(anyValue());
const training = optional(constant());

/** Removes Dropout, which is the identity in evaluation. If its training flag is true, it stays. */
const dropout: Rule = {
  name: "dropout",
  match: node("Dropout", [x, ratio, training]),
  rewrite: (match) =>
    match.tensor(training)?.data[0] ? skip(`Dropout "${match.root.name}" is in training form`) : match.value(x),
};

const cast = identityRule(
  "cast",
  node("Cast", [x]),
  ({ attributes }, from) => from !== undefined && attributes.to === dtypeCode(from.dtype),
);

const reshape = identityRule(
  "reshape",
  node(["Reshape", "Flatten", "Expand", "Squeeze", "Unsqueeze"], [x, optional(anyValue())]),
  (_, from, to) => sameType(from, to),
);

const transpose = identityRule(
  "transpose",
  node("Transpose", [x]),
  ({ attributes }) => (attributes.perm as readonly number[] | undefined)?.every((axis, i) => axis === i) ?? false,
);

const pads = constant();

const pad: Rule = {
  name: "pad",
  match: node("Pad", [x, pads, optional(anyValue()), optional(anyValue())]),
  rewrite: (match) =>
    toNumbers(match.tensor(pads)).every((width) => width === 0)
      ? match.value(x)
      : skip(`Pad "${match.root.name}" pads something`),
};

const concat = identityRule("concat", node("Concat", [x]), () => true);

export const removeIdentities = rulePass("remove-identities", [
  identity,
  dropout,
  cast,
  reshape,
  transpose,
  pad,
  concat,
]);
