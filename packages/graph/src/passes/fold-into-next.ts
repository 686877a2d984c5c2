/**
 * @file Folds a factor and an offset per channel into the layer after them, if no layer before them can absorb them:
 *
 *   Gemm(BatchNormalization(x), w, b) → Gemm(x, w·diag(k), b + w·o)      y = k·x + o per column
 *
 * An example is BatchNorm1d between ReLU and a linear layer (fastai's head). The same holds for Add, Sub, Mul and Div with a
 * constant. A BatchNorm1d on a pooled value moves in front of the Flatten instead. Computed in float64, rounded once.
 */

import type { Tensor } from "../ir/types.js";
import { numbersOf, tensorOf } from "../operators/support/values.js";
import { anyValue, constant, type NodePattern, node, optional } from "../patterns/pattern.js";
import { type RewriteContext, type Rule, skip } from "../patterns/rule.js";
import { batchNormAffine, type ChannelAffine, constantAffine } from "./channel-affine.js";
import { rulePass } from "./pass.js";

const x = anyValue();
const parameters = [constant(), constant(), constant(), constant()];
const operand = constant();
const [weight, bias] = [constant(), optional(constant())];

const batchNorm = node("BatchNormalization", [x, ...parameters]);
const sum = node(["Add", "Mul"], [x, operand], { commutative: true });
const difference = node(["Sub", "Div"], [x, operand]);

function rescaled(w: Tensor, b: Tensor | undefined, { factor, offset }: ChannelAffine): { w: Tensor; b: Tensor } {
  const [outputs, inputs] = w.shape as [number, number];
  const [values, old] = [numbersOf(w), b && numbersOf(b)];
  const scaled = new Float64Array(values.length);
  const shifted = Float64Array.from({ length: outputs }, (_, o) => old?.[o] ?? 0);
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++) {
      scaled[o * inputs + i] = values[o * inputs + i]! * factor[i]!;
      shifted[o]! += values[o * inputs + i]! * offset[i]!;
    }
  return { w: tensorOf(w.dtype, w.shape, scaled), b: tensorOf(w.dtype, [outputs], shifted) };
}

const into = (name: string, affine: NodePattern): Rule => ({
  name,
  match: node("Gemm", [affine, weight, bias]),
  rewrite(found, context) {
    const origin = found.node(affine);
    const { alpha = 1, beta = 1, transA = 0, transB = 0 } = found.root.attributes;
    const [w, b] = [found.tensor(weight), found.tensor(bias)];
    const hasForm =
      alpha === 1 && beta === 1 && !transA && transB && (!b || (b.shape.length === 1 && b.shape[0] === w.shape[0]));
    const shape = context.type(found.value(x))?.shape;
    if (!hasForm || shape?.length !== 2) return skip(`Gemm "${found.root.name}" has not the form of a linear layer`);
    if (origin.op === "BatchNormalization" && origin.attributes.training_mode) return skip("it is in training form");
    const channels = w.shape[1]!;
    const values =
      origin.op === "BatchNormalization"
        ? batchNormAffine(
            origin,
            parameters.map((hole) => found.tensor(hole)),
          )
        : constantAffine(origin.op, found.tensor(operand), channels, 0);
    if (!values || values.factor.length !== channels)
      return skip(`the constant of ${origin.op} "${origin.name}" is not one number per column`);
    const folded = rescaled(w, b, values);
    return context.node(
      found.root,
      "Gemm",
      [
        found.value(x),
        context.replaceConstant(found.value(weight), folded.w),
        b
          ? context.replaceConstant(found.value(bias)!, folded.b)
          : context.constant(folded.b, `${found.root.name}.bias`),
      ],
      { transB: 1 },
    );
  },
});

/** Whether a value is [N, C, 1, 1]. */
const isPooled = (value: string, { type }: RewriteContext): boolean => {
  const shape = type(value)?.shape;
  return shape?.length === 4 && shape[2] === 1 && shape[3] === 1;
};

const flat = node("Flatten", [x]);

const beforeFlatten: Rule = {
  name: "batch-norm-before-flatten",
  match: node("BatchNormalization", [flat, ...parameters]),
  rewrite(found, context) {
    if (!isPooled(found.value(x), context) || (found.node(flat).attributes.axis ?? 1) !== 1)
      return skip(`BatchNormalization "${found.root.name}" does not read a pooled value`);
    const inputs = [found.value(x), ...parameters.map((hole) => found.value(hole))];
    const normalized = context.node(found.root, "BatchNormalization", inputs, found.root.attributes);
    return context.node(found.node(flat), "Flatten", [normalized], { axis: 1 });
  },
};

export const foldIntoNext = rulePass("fold-into-next", [
  into("fold-batch-norm-into-next", batchNorm),
  into("fold-add-or-mul-into-next", sum),
  into("fold-sub-or-div-into-next", difference),
  beforeFlatten,
]);
