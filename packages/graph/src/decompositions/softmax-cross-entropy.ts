/**
 * @file Softmax cross-entropy and its gradient. With smoothing ε over k classes, OneHot itself writes the targets:
 *
 *   t = OneHot(labels; off ε/k, on 1 − ε + ε/k)
 *   loss = mean_n(−Σ_k t·LogSoftmax(logits)),   dlogits = (Softmax(logits) − t)·(dloss/n)
 */

import { float32 } from "../ir/tensor.js";
import type { Node } from "../ir/types.js";
import { attributesOf } from "../operators/support/attributes.js";
import type { Decomposition, DecompositionContext } from "./decomposition.js";
import { batchSize } from "./support.js";

function targets(node: Node, { g, type, once }: DecompositionContext, logits: string, labels: string): string {
  const { label_smoothing: smoothing } = attributesOf(node, { label_smoothing: 0 });
  const classes = type(logits).shape![1] as number;
  return once(`targets ${labels} ${classes} ${smoothing}`, () => {
    const off = smoothing / classes;
    const values = g.constant(float32([off, 1 - smoothing + off]));
    return g.op("OneHot", [labels, g.ints([classes]), values], { axis: 1 });
  });
}

export const softmaxCrossEntropy: Decomposition = {
  op: "SoftmaxCrossEntropy",
  domain: "subbyte",
  rewrite(node, context) {
    const { g } = context;
    const [logits, labels] = node.inputs as [string, string];
    const logProbabilities = g.op("LogSoftmax", [logits], { axis: 1 });
    const terms = g.op("Mul", [targets(node, context, logits, labels), logProbabilities]);
    const each = g.op("ReduceSum", [terms, g.ints([1])], { keepdims: 0 });
    return [g.op("Neg", [g.op("ReduceMean", [each], { keepdims: 0 })])];
  },
};

export const softmaxCrossEntropyGradient: Decomposition = {
  op: "SoftmaxCrossEntropyGradient",
  domain: "subbyte",
  rewrite(node, context) {
    const { g } = context;
    const [dloss, logits, labels] = node.inputs as [string, string, string];
    const probabilities = g.op("Softmax", [logits], { axis: 1 });
    const difference = g.op("Sub", [probabilities, targets(node, context, logits, labels)]);
    return [g.op("Mul", [difference, g.op("Div", [dloss, batchSize(context, logits)])])];
  },
};
