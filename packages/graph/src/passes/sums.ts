/** @file Turns Sum of several values into Adds of two: Sum(a, b, c) → Add(Add(a, b), c), and Sum(a) → a. */

import { anyValue, node, optional } from "../patterns/pattern.js";
import type { Rule } from "../patterns/rule.js";
import { rulePass } from "./pass.js";

const MOST_TERMS = 16;
const first = anyValue();
const others = Array.from({ length: MOST_TERMS - 1 }, () => optional(anyValue()));

const sum: Rule = {
  name: "sum-to-add",
  match: node("Sum", [first, ...others]),
  rewrite: (found, context) =>
    others
      .flatMap((hole) => found.value(hole) ?? [])
      .reduce((total, term) => context.node(found.root, "Add", [total, term]), found.value(first)),
};

export const sums = rulePass("sums", [sum]);
