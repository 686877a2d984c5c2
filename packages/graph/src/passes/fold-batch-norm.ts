/**
 * @file Folds BatchNormalization into the convolution or linear layer that feeds it.
 *
 *   before   y = BN(Conv(x, w, b); γ, β, μ, σ²)
 *   after    y = Conv(x, k·w, k·(b − μ) + β),  k = γ / √(σ² + ε), one factor per output channel
 *
 * Exact in real arithmetic; folded in float64, then rounded once to the weight's type. Weights keep their names.
 * Source: Jacob et al. 2018, arXiv:1712.05877, §3.2.
 */

import { numbersOf } from "../operators/support/values.js";
import { anyValue, constant, node, optional } from "../patterns/pattern.js";
import { type Rule, skip } from "../patterns/rule.js";
import { rulePass } from "./pass.js";
import { isChannelLayer, rescaleChannels } from "./rescale-channels.js";

/** ONNX's default. */
const EPSILON = 1e-5;

const weight = constant();
const bias = optional(constant());
const layer = node(["Conv", "Gemm"], [anyValue(), weight, bias]);
const [gamma, beta, mean, variance] = [constant(), constant(), constant(), constant()];

const rule: Rule = {
  name: "fold-batch-norm",
  match: node("BatchNormalization", [layer, gamma, beta, mean, variance]),
  rewrite(match, context) {
    const bn = match.root;
    if (bn.attributes.training_mode) return skip(`BatchNormalization "${bn.name}" is in training form`);
    if (!isChannelLayer(match.node(layer), match.tensor(weight), match.tensor(bias)))
      return skip(
        `${match.node(layer).op} "${match.node(layer).name}" has alpha, beta or a bias of a shape of its own`,
      );
    const epsilon = (bn.attributes.epsilon as number | undefined) ?? EPSILON;
    const [g, b, m, v] = [gamma, beta, mean, variance].map((hole) => numbersOf(match.tensor(hole)));
    const factor = Float64Array.from(v!, (value, channel) => g![channel]! / Math.sqrt(value + epsilon));
    const offset = Float64Array.from(factor, (k, channel) => b![channel]! - k * m![channel]!);
    return rescaleChannels(
      context,
      { layer: match.node(layer), weight: match.tensor(weight), bias: match.tensor(bias) },
      factor,
      offset,
    );
  },
};

export const foldBatchNorm = rulePass("fold-batch-norm", [rule]);
