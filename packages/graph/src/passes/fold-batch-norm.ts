/**
 * @file Folds BatchNormalization into the convolution or linear layer that feeds it.
 *
 *   before   y = BN(Conv(x, w, b); γ, β, μ, σ²)
 *   after    y = Conv(x, k·w, k·(b − μ) + β),  k = γ / √(σ² + ε), one factor per output channel
 *
 * Exact in real arithmetic; folded in float64, then rounded once to the weight's type. Weights keep their names.
 * Source: Jacob et al. 2018, arXiv:1712.05877, §3.2.
 */

import { anyValue, constant, node, optional } from "../patterns/pattern.js";
import { type Rule, skip } from "../patterns/rule.js";
import { batchNormAffine } from "./channel-affine.js";
import { rulePass } from "./pass.js";
import { isChannelLayer, rescaleChannels } from "./rescale-channels.js";

const weight = constant();
const bias = optional(constant());
const layer = node(["Conv", "Gemm"], [anyValue(), weight, bias]);
/** γ, β, μ, σ² */
const parameters = [constant(), constant(), constant(), constant()];

const rule: Rule = {
  name: "fold-batch-norm",
  match: node("BatchNormalization", [layer, ...parameters]),
  rewrite(match, context) {
    const bn = match.root;
    if (bn.attributes.training_mode) return skip(`BatchNormalization "${bn.name}" is in training form`);
    if (!isChannelLayer(match.node(layer), match.tensor(weight), match.tensor(bias)))
      return skip(
        `${match.node(layer).op} "${match.node(layer).name}" has alpha, beta or a bias of a shape of its own`,
      );
    return rescaleChannels(
      context,
      { layer: match.node(layer), weight: match.tensor(weight), bias: match.tensor(bias) },
      batchNormAffine(
        bn,
        parameters.map((hole) => match.tensor(hole)),
      ),
    );
  },
};

export const foldBatchNorm = rulePass("fold-batch-norm", [rule]);
