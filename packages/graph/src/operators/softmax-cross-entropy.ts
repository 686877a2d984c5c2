/**
 * @file SoftmaxCrossEntropy, the loss of classification, an operator of ours.
 *
 *   SoftmaxCrossEntropy(logits [n, k], labels int64 [n]; label_smoothing ε) → mean loss, a scalar
 *   loss = −1/n Σ_n Σ_k t[n,k]·log softmax(logits)[n,k],   t = (1 − ε)·onehot(label) + ε/k
 *
 *   SoftmaxCrossEntropyGradient(dloss [], logits, labels; label_smoothing) → dlogits = dloss·(softmax − t)/n
 *
 * Label smoothing: Szegedy et al. 2016, arXiv:1512.00567, §7.
 */

import type { Node, Tensor, TensorType } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit } from "./support/attributes.js";
import { numbersOf, tensorOf } from "./support/values.js";

const defaults = { label_smoothing: 0 };

function check(node: Node, logits: TensorType | undefined, labels: TensorType | undefined): void {
  if (logits?.shape && logits.shape.length !== 2)
    throw misfit(node, `logits of shape [${logits.shape}]`, "[n, classes]");
  if (labels?.shape && labels.shape.length !== 1) throw misfit(node, `labels of shape [${labels.shape}]`, "[n]");
  if (labels && labels.dtype !== "int64") throw misfit(node, `labels of type ${labels.dtype}`, "int64");
}

/** Log-probabilities and targets, [n, k] each. */
function distributions(node: Node, logits: Tensor, labels: Tensor) {
  const [batch, classes] = logits.shape as [number, number];
  const { label_smoothing } = attributesOf(node, defaults);
  const [xs, ls] = [numbersOf(logits), numbersOf(labels)];
  const logProbabilities = new Float64Array(xs.length);
  const targets = new Float64Array(xs.length).fill(label_smoothing / classes);
  for (let n = 0; n < batch; n++) {
    const label = ls[n]!;
    if (!(label >= 0 && label < classes)) throw misfit(node, `label ${label}`, `a class from 0 to ${classes - 1}`);
    targets[n * classes + label]! += 1 - label_smoothing;
    let max = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < classes; k++) max = Math.max(max, xs[n * classes + k]!);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(xs[n * classes + k]! - max);
    for (let k = 0; k < classes; k++) logProbabilities[n * classes + k] = xs[n * classes + k]! - max - Math.log(sum);
  }
  return { batch, logProbabilities, targets };
}

export const SoftmaxCrossEntropy: OperatorDefinition = {
  op: "SoftmaxCrossEntropy",
  domain: "subbyte",
  required: 2,
  defaults,

  infer({ node, inputs: [logits, labels] }) {
    check(node, logits, labels);
    return [{ dtype: logits!.dtype, shape: [] }];
  },

  evaluate(node, [logits, labels]) {
    const { batch, logProbabilities, targets } = distributions(node, logits!, labels!);
    const loss = targets.reduce((sum, t, i) => sum - (t === 0 ? 0 : t * logProbabilities[i]!), 0) / batch;
    return [tensorOf(logits!.dtype, [], [loss])];
  },

  gradient({ node, g, outputGradients: [dloss] }) {
    const attributes = { label_smoothing: attributesOf(node, defaults).label_smoothing };
    return [
      g.op("SoftmaxCrossEntropyGradient", [dloss!, ...node.inputs], attributes, { domain: "subbyte" }),
      undefined,
    ];
  },
};

export const SoftmaxCrossEntropyGradient: OperatorDefinition = {
  op: "SoftmaxCrossEntropyGradient",
  domain: "subbyte",
  required: 3,
  defaults,

  infer({ node, inputs: [, logits, labels] }) {
    check(node, logits, labels);
    return [logits!];
  },

  evaluate(node, [dloss, logits, labels]) {
    const { batch, logProbabilities, targets } = distributions(node, logits!, labels!);
    const scale = numbersOf(dloss!)[0]! / batch;
    return [
      tensorOf(
        logits!.dtype,
        logits!.shape,
        logProbabilities.map((lp, i) => scale * (Math.exp(lp) - targets[i]!)),
      ),
    ];
  },
};
