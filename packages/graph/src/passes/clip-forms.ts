/**
 * @file Bounds become Clip or Relu, in whatever form they are written:
 *
 *   Max(x, low), Min(x, high)                  →  Clip(x, low), Clip(x, , high)
 *   Clip(Clip(x, low), , high) with low ≤ high →  Clip(x, low, high)
 *   Clip with bounds of shape [1]              →  with scalars
 *   Clip(x, 0, nothing or infinity)            →  Relu(x)
 */

import type { Tensor } from "../ir/types.js";
import { anyValue, constant, type NodePattern, node, optional } from "../patterns/pattern.js";
import { type RewriteContext, type Rule, skip } from "../patterns/rule.js";
import { rulePass } from "./pass.js";

const x = anyValue();
const bound = constant();

const isScalar = ({ data, shape }: Tensor): boolean => data.length === 1 && shape.length <= 4;

const scalar = (tensor: Tensor): Tensor => ({ ...tensor, shape: [] });

/** Turns `op(x, bound)` into a Clip, if the bound is one number. */
const fromExtreme = (op: "Max" | "Min"): Rule => ({
  name: `${op.toLowerCase()}-to-clip`,
  match: node(op, [x, bound], { commutative: true }),
  rewrite(found, context) {
    const tensor = found.tensor(bound);
    const rank = context.type(found.value(x))?.shape?.length;
    if (!isScalar(tensor) || rank === undefined || rank < tensor.shape.length)
      return skip(`the bound of ${op} "${found.root.name}" is not one number`);
    const value = context.replaceConstant(found.value(bound), scalar(tensor));
    const bounds = op === "Max" ? [value] : ["", value];
    return context.node(found.root, "Clip", [found.value(x), ...bounds]);
  },
});

const [low, high] = [optional(constant()), optional(constant())];

const scalarBounds: Rule = {
  name: "clip-scalar-bounds",
  match: node("Clip", [x, low, high]),
  rewrite(found, context) {
    const [min, max] = [found.tensor(low), found.tensor(high)];
    if ([min, max].every((tensor) => !tensor || tensor.shape.length === 0 || !isScalar(tensor)))
      return skip(`the bounds of Clip "${found.root.name}" are scalars`);
    const bounds = ([low, high] as const).map((hole) => {
      const tensor = found.tensor(hole);
      return tensor ? context.replaceConstant(found.value(hole)!, scalar(tensor)) : "";
    });
    return context.node(found.root, "Clip", [found.value(x), ...bounds.slice(0, max ? 2 : 1)]);
  },
};

const [innerLow, innerHigh] = [optional(constant()), optional(constant())];
const inner = node("Clip", [x, innerLow, innerHigh]);

/** Turns two nested Clips into one with the tighter bounds, if their ranges overlap. */
const nested: Rule = {
  name: "merge-clips",
  match: node("Clip", [inner, low, high]),
  rewrite(found, context) {
    const number = (hole: typeof low, otherwise: number) => Number(found.tensor(hole)?.data[0] ?? otherwise);
    const [a, b] = [number(innerLow, -Infinity), number(innerHigh, Infinity)];
    const [c, d] = [number(low, -Infinity), number(high, Infinity)];
    const [min, max] = [Math.max(a, c), Math.min(b, d)];
    if (!(a <= b && c <= d && min <= max)) return skip(`the ranges of Clip "${found.root.name}" do not overlap`);
    const [lower, upper] = [found.value(a >= c ? innerLow : low), found.value(b <= d ? innerHigh : high)];
    const bounds = [(min > -Infinity && lower) || "", (max < Infinity && upper) || ""];
    while (bounds.at(-1) === "") bounds.pop();
    return context.node(found.root, "Clip", [found.value(x), ...bounds]);
  },
};

const asRelu = (match: NodePattern): Rule => ({
  name: "clip-to-relu",
  match,
  rewrite(found, context: RewriteContext) {
    const [min, max] = [found.tensor(low), found.tensor(high)];
    const isRelu = min && Number(min.data[0]) === 0 && (!max || Number(max.data[0]) === Infinity);
    return isRelu
      ? context.node(found.root, "Relu", [found.value(x)])
      : skip(`Clip "${found.root.name}" has other bounds than 0 and infinity`);
  },
});

export const clipForms = rulePass("clip-forms", [
  fromExtreme("Max"),
  fromExtreme("Min"),
  scalarBounds,
  nested,
  asRelu(node("Clip", [x, low, high])),
]);
