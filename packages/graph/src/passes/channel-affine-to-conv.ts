/**
 * @file Turns an affine function per channel into a layer if no layer before it can absorb it. Examples are batch
 * normalization before a convolution (ResNet-v2, DenseNet) and the normalization of the image inside a network:
 *
 *   y[c] = factor[c]·x[c] + offset[c]  →  Conv(x, factor, offset), depthwise, 1×1
 *
 * The new layer has weights and an integer form, and it can absorb a ReLU that follows. Computed in float64, rounded
 * once.
 */

import { nonlinearNodes } from "../elementwise/functions.js";
import type { Node } from "../ir/types.js";
import { tensorOf } from "../operators/support/values.js";
import { anyValue, constant, node } from "../patterns/pattern.js";
import { type RewriteContext, type Rule, skip } from "../patterns/rule.js";
import { batchNormAffine, type ChannelAffine, constantAffine } from "./channel-affine.js";
import { rulePass } from "./pass.js";

const x = anyValue();
/** γ, β, μ, σ² */
const parameters = [constant(), constant(), constant(), constant()];
const operand = constant();

/** The number of channels, if the node reads an image and can be folded into no convolution; else undefined. */
function channelsBefore(value: string, { type, uses }: RewriteContext): number | undefined {
  const shape = type(value)?.shape;
  const channels = shape?.[1];
  const folds = uses.producer(value)?.op === "Conv" && uses.count(value) === 1;
  return shape?.length === 4 && typeof channels === "number" && !folds ? channels : undefined;
}

function depthwise(origin: Node, value: string, { factor, offset }: ChannelAffine, context: RewriteContext): string {
  const channels = factor.length;
  const dtype = context.type(value)!.dtype;
  return context.node(
    origin,
    "Conv",
    [
      value,
      context.constant(tensorOf(dtype, [channels, 1, 1, 1], factor), `${origin.name}.weight`),
      context.constant(tensorOf(dtype, [channels], offset), `${origin.name}.bias`),
    ],
    { group: channels, kernel_shape: [1, 1] },
  );
}

const batchNorm: Rule = {
  name: "batch-norm-to-conv",
  match: node("BatchNormalization", [x, ...parameters]),
  rewrite(match, context) {
    const title = `BatchNormalization "${match.root.name}"`;
    if (match.root.attributes.training_mode) return skip(`${title} is in training form`);
    if (channelsBefore(match.value(x), context) === undefined)
      return skip(`${title} does not read an image, or a convolution takes it in`);
    const affine = batchNormAffine(
      match.root,
      parameters.map((hole) => match.tensor(hole)),
    );
    return depthwise(match.root, match.value(x), affine, context);
  },
};

const withConstant = (name: string, ops: readonly string[], commutative: boolean): Rule => ({
  name,
  match: node(ops, [x, operand], { commutative }),
  rewrite(match, context) {
    const title = `${match.root.op} "${match.root.name}"`;
    if (nonlinearNodes(context.graph).has(match.root)) return skip(`${title} is part of a nonlinear function`);
    const channels = channelsBefore(match.value(x), context);
    if (channels === undefined) return skip(`${title} does not read an image, or a convolution takes it in`);
    const affine = constantAffine(match.root.op, match.tensor(operand), channels, 2);
    return affine
      ? depthwise(match.root, match.value(x), affine, context)
      : skip(`the constant of ${title} is not one number per channel`);
  },
});

export const channelAffineToConv = rulePass("channel-affine-to-conv", [
  batchNorm,
  withConstant("add-or-mul-to-conv", ["Add", "Mul"], true),
  withConstant("sub-or-div-to-conv", ["Sub", "Div"], false),
]);
