/**
 * @file Folds multiplications by constants and additions of constants, one per channel, into the layer before them.
 *
 *   Mul(Conv(x, w, b), c) → Conv(x, c·w, c·b)        Add(Conv(x, w, b), c) → Conv(x, w, b + c)
 *
 * An exporter that takes batch normalization apart writes such operators, or a depthwise 1×1 convolution. Computed in
 * float64, rounded once.
 */

import { numbersOf } from "../operators/support/values.js";
import { constant, type NodePattern, node, optional } from "../patterns/pattern.js";
import { type Rule, skip } from "../patterns/rule.js";
import { constantAffine } from "./channel-affine.js";
import { rulePass } from "./pass.js";
import { channelLayer, channelLayerOf, isChannelLayer, outputChannels, rescaleChannels } from "./rescale-channels.js";

const operand = constant();

const foldInto = (name: string, match: NodePattern): Rule => ({
  name,
  match,
  rewrite(found, context) {
    const target = channelLayerOf(found);
    const title = `${target.layer.op} "${target.layer.name}"`;
    if (!isChannelLayer(target)) return skip(`${title} has alpha, beta or a bias of a shape of its own`);
    const behind = target.layer.op === "Conv" ? target.weight.shape.length - 2 : 0;
    const channels = outputChannels(target.layer, target.weight);
    const affine = constantAffine(found.root.op, found.tensor(operand), channels, behind);
    return affine
      ? rescaleChannels(context, target, affine)
      : skip(`the constant of ${found.root.op} "${found.root.name}" is not one number per channel`);
  },
});

const channelWeight = constant();
const channelBias = optional(constant());

/** Treats a depthwise 1×1 convolution as a factor and an offset per channel. */
const depthwise: Rule = {
  name: "fold-depthwise-1x1",
  match: node("Conv", [channelLayer, channelWeight, channelBias]),
  rewrite(found, context) {
    const target = channelLayerOf(found);
    const channels = outputChannels(target.layer, target.weight);
    const { group = 1, pads = [], strides = [] } = found.root.attributes as Record<string, number | readonly number[]>;
    const isPlain = [pads].flat().every((pad) => pad === 0) && [strides].flat().every((stride) => stride === 1);
    const factor = found.tensor(channelWeight);
    if (target.layer.op !== "Conv" || group !== channels || numbersOf(factor).length !== channels || !isPlain)
      return skip(`Conv "${found.root.name}" is not one factor for each channel of a convolution`);
    const offset = found.tensor(channelBias);
    return rescaleChannels(context, target, {
      factor: Float64Array.from(numbersOf(factor)),
      offset: offset ? Float64Array.from(numbersOf(offset)) : new Float64Array(channels),
    });
  },
};

export const foldChannelAffine = rulePass("fold-channel-affine", [
  depthwise,
  foldInto("fold-add-or-mul", node(["Add", "Mul"], [channelLayer, operand], { commutative: true })),
  foldInto("fold-sub-or-div", node(["Sub", "Div"], [channelLayer, operand])),
]);
