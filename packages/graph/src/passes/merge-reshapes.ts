/**
 * @file Merges several changes of shape in a row into one: Squeeze of Squeeze, Unsqueeze before Flatten, Reshape of Reshape.
 *
 *   g(f(x))  →  Reshape(x, the last shape)     f, g of Reshape, Flatten, Squeeze, Unsqueeze
 */

import { anyValue, node, optional } from "../patterns/pattern.js";
import { type Rule, skip } from "../patterns/rule.js";
import { rulePass } from "./pass.js";
import { reshapeTarget } from "./reshape-target.js";

const x = anyValue();
const reshaping = ["Reshape", "Flatten", "Squeeze", "Unsqueeze"];
const first = node(reshaping, [x, optional(anyValue())]);

const merge: Rule = {
  name: "merge-reshapes",
  match: node(reshaping, [first, optional(anyValue())]),
  rewrite(found, context) {
    const [from, to] = [found.value(x), found.root.outputs[0]!].map((value) => context.type(value)?.shape);
    const target = from && to && reshapeTarget(from, to);
    if (!target) return skip(`the shape that ${found.root.op} "${found.root.name}" gives is not known`);
    return context.node(found.root, "Reshape", [found.value(x), context.constant(target, `${found.root.name}.shape`)]);
  },
};

export const mergeReshapes = rulePass("merge-reshapes", [merge]);
