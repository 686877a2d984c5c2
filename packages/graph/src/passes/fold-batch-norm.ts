/**
 * @file Folds BatchNormalization into the convolution or linear layer that feeds it.
 *
 *   before   y = BN(Conv(x, w, b); γ, β, μ, σ²)
 *   after    y = Conv(x, k·w, k·(b − μ) + β),  k = γ / √(σ² + ε), one factor per output channel
 *
 * Exact in real arithmetic; folded in float64, then rounded once to the weight's type. Weights keep their names.
 * Source: Jacob et al. 2018, arXiv:1712.05877, §3.2.
 */

import { constant, node } from "../patterns/pattern.js";
import { type Rule, skip } from "../patterns/rule.js";
import { batchNormAffine } from "./channel-affine.js";
import { rulePass } from "./pass.js";
import { channelLayer, channelLayerOf, isChannelLayer, rescaleChannels } from "./rescale-channels.js";

/** γ, β, μ, σ² */
const parameters = [constant(), constant(), constant(), constant()];

const rule: Rule = {
  name: "fold-batch-norm",
  match: node("BatchNormalization", [channelLayer, ...parameters]),
  rewrite(match, context) {
    const bn = match.root;
    if (bn.attributes.training_mode) return skip(`BatchNormalization "${bn.name}" is in training form`);
    const target = channelLayerOf(match);
    if (!isChannelLayer(target))
      return skip(`${target.layer.op} "${target.layer.name}" has alpha, beta or a bias of a shape of its own`);
    const affine = batchNormAffine(
      bn,
      parameters.map((hole) => match.tensor(hole)),
    );
    return rescaleChannels(context, target, affine);
  },
};

/** Folds BatchNormalization into the convolution or linear layer before it. Computed in float64, rounded once. */
export const foldBatchNorm = rulePass("fold-batch-norm", [rule]);
