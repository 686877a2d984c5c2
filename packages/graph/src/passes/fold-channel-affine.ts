/**
 * @file Folds multiplications by and additions of constants, one for each channel, into the layer before them.
 *
 *   Mul(Conv(x, w, b), c) → Conv(x, c·w, c·b)        Add(Conv(x, w, b), c) → Conv(x, w, b + c)
 *
 * This is what is left of batch normalization in models of exporters that took it apart. Computed in float64, rounded once.
 */

import type { Node, Tensor } from "../ir/types.js";
import { numbersOf } from "../operators/support/values.js";
import { anyValue, constant, type NodePattern, node, optional } from "../patterns/pattern.js";
import { type Rule, skip } from "../patterns/rule.js";
import { rulePass } from "./pass.js";
import { isChannelLayer, outputChannels, rescaleChannels } from "./rescale-channels.js";

const weight = constant();
const bias = optional(constant());
const layer = node(["Conv", "Gemm"], [anyValue(), weight, bias]);
const operand = constant();

/** The operand as one number for each channel; undefined where it varies along other axes. */
function channelVector(operand: Tensor, layer: Node, weight: Tensor): Float64Array | undefined {
  const channels = outputChannels(layer, weight);
  const values = numbersOf(operand);
  const behind = layer.op === "Conv" ? weight.shape.length - 2 : 0;
  if (operand.shape.length > behind + 2) return undefined;
  if (values.length === 1) return new Float64Array(channels).fill(values[0]!);
  const axis = operand.shape.length - 1 - behind;
  return values.length === channels && operand.shape[axis] === channels ? Float64Array.from(values) : undefined;
}

const foldInto = (name: string, match: NodePattern): Rule => ({
  name,
  match,
  rewrite(found, context) {
    const target = { layer: found.node(layer), weight: found.tensor(weight), bias: found.tensor(bias) };
    const title = `${target.layer.op} "${target.layer.name}"`;
    if (!isChannelLayer(target.layer, target.weight, target.bias))
      return skip(`${title} has alpha, beta or a bias of a shape of its own`);
    const values = channelVector(found.tensor(operand), target.layer, target.weight);
    if (!values) return skip(`the constant of ${found.root.op} "${found.root.name}" is not one number a channel`);
    const ones = values.map(() => 1);
    const zeros = values.map(() => 0);
    switch (found.root.op) {
      case "Mul":
        return rescaleChannels(context, target, values, zeros);
      case "Div":
        return rescaleChannels(
          context,
          target,
          values.map((value) => 1 / value),
          zeros,
        );
      case "Add":
        return rescaleChannels(context, target, ones, values);
      default:
        return rescaleChannels(
          context,
          target,
          ones,
          values.map((value) => -value),
        );
    }
  },
});

export const foldChannelAffine = rulePass("fold-channel-affine", [
  foldInto("fold-add-or-mul", node(["Add", "Mul"], [layer, operand], { commutative: true })),
  foldInto("fold-sub-or-div", node(["Sub", "Div"], [layer, operand])),
]);
