/**
 * @file Batch normalization of x [n, c, …] over channels. Spec: ONNX `BatchNormalization`, opset 15; Ioffe and Szegedy 2015,
 * arXiv:1502.03167.
 *
 *   y = γ·(x − μ)·r + β,   r = 1 / √(σ² + ε)
 *
 * ONNX's operator takes μ and σ² as inputs; with training_mode=1 it uses those of the batch (σ² biased) and returns moving
 * averages. Graphs that are differentiated have BatchNormalizationTraining instead, an operator of our own that returns μ and
 * σ² of the batch and has no state that a runtime could overwrite.
 */

import type { Node, Tensor, TensorType } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit } from "./support/attributes.js";
import { numbersOf, tensorOf } from "./support/values.js";

const defaults = { epsilon: 1e-5, momentum: 0.9, training_mode: 0 };

/** Checks that every vector has one entry for each channel of x, and returns [c]. */
function channelShape(node: Node, [x, ...vectors]: readonly (TensorType | undefined)[]) {
  if (!x?.shape || x.shape.length < 2) throw misfit(node, `x has the shape [${x?.shape}]`, "[n, c, …]");
  const channels = x.shape[1]!;
  for (const vector of vectors)
    if (vector?.shape && (vector.shape.length !== 1 || vector.shape[0] !== channels))
      throw misfit(node, `a parameter of shape [${vector.shape}] for ${channels} channels`, `[${channels}]`);
  return [channels];
}

/** Calls `visit` with the flat position and the channel of each element. */
function eachElement(shape: readonly number[], visit: (at: number, channel: number) => void): void {
  const [batch, channels, ...image] = shape as [number, number, ...number[]];
  const size = image.reduce((a, b) => a * b, 1);
  for (let n = 0, at = 0; n < batch; n++)
    for (let c = 0; c < channels; c++) for (let i = 0; i < size; i++) visit(at++, c);
}

/** Mean and biased variance of each channel. */
function statistics(x: Tensor): { mean: Float64Array; variance: Float64Array } {
  const channels = x.shape[1]!;
  const xs = numbersOf(x);
  const count = xs.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  eachElement(x.shape, (at, c) => {
    mean[c]! += xs[at]! / count;
  });
  eachElement(x.shape, (at, c) => {
    variance[c]! += (xs[at]! - mean[c]!) ** 2 / count;
  });
  return { mean, variance };
}

function normalize(
  x: Tensor,
  gamma: ArrayLike<number>,
  beta: ArrayLike<number>,
  mean: ArrayLike<number>,
  variance: ArrayLike<number>,
  epsilon: number,
): Tensor {
  const xs = numbersOf(x);
  const y = new Float64Array(xs.length);
  eachElement(x.shape, (at, c) => {
    y[at] = ((xs[at]! - mean[c]!) / Math.sqrt(variance[c]! + epsilon)) * gamma[c]! + beta[c]!;
  });
  return tensorOf(x.dtype, x.shape, y);
}

export const BatchNormalization: OperatorDefinition = {
  op: "BatchNormalization",
  required: 5,
  defaults,

  infer({ node, inputs }) {
    const [x] = inputs;
    if (!x?.shape) return x ? [{ dtype: x.dtype }] : [];
    const shape = channelShape(node, inputs);
    const y = { dtype: x.dtype, shape: x.shape };
    const moving: TensorType = { dtype: inputs[3]?.dtype ?? x.dtype, shape };
    return attributesOf(node, defaults).training_mode ? [y, moving, moving].slice(0, node.outputs.length) : [y];
  },

  evaluate(node, [x, gamma, beta, mean, variance]) {
    const { epsilon, momentum, training_mode } = attributesOf(node, defaults);
    const [g, b, m, v] = [numbersOf(gamma!), numbersOf(beta!), numbersOf(mean!), numbersOf(variance!)];
    if (!training_mode) return [normalize(x!, g, b, m, v, epsilon)];
    const batch = statistics(x!);
    const move = (old: ArrayLike<number>, now: Float64Array) =>
      now.map((value, c) => old[c]! * momentum + value * (1 - momentum));
    return [
      normalize(x!, g, b, batch.mean, batch.variance, epsilon),
      tensorOf(mean!.dtype, mean!.shape, move(m, batch.mean)),
      tensorOf(variance!.dtype, variance!.shape, move(v, batch.variance)),
    ].slice(0, node.outputs.length);
  },

  /** With fixed statistics the operator is affine in x, γ and β. The statistics get no gradient. */
  gradient({ node, g, type, outputGradients: [dy], needed }) {
    const { epsilon, training_mode } = attributesOf(node, defaults);
    const [x, gamma, , mean, variance] = node.inputs as [string, string, string, string, string];
    if (training_mode) throw misfit(node, "training_mode=1 is differentiated", "toTrainingForm() first");
    if (needed[3] || needed[4])
      throw misfit(node, "a gradient of fixed statistics", "parameters without running statistics");
    const axes = type(x)
      .shape!.map((_, axis) => axis)
      .filter((axis) => axis !== 1);
    const perChannel = (value: string) => g.op("Unsqueeze", [value, g.ints(axes.slice(1).map((axis) => axis - 1))]);
    const sum = (value: string) => g.op("ReduceSum", [value, g.ints(axes)], { keepdims: 0 });
    const inverse = g.op("Reciprocal", [g.op("Sqrt", [g.op("Add", [variance, g.scalar(epsilon)])])]);
    return [
      needed[0] ? g.op("Mul", [dy!, perChannel(g.op("Mul", [gamma, inverse]))]) : undefined,
      needed[1] ? g.op("Mul", [sum(g.op("Mul", [dy!, g.op("Sub", [x, perChannel(mean)])])), inverse]) : undefined,
      needed[2] ? sum(dy!) : undefined,
    ];
  },
};

const ours = { epsilon: 1e-5 };

/** BatchNormalizationTraining(x [n, c, …], γ [c], β [c]; epsilon) → y, the batch's mean [c], its biased variance [c]. */
export const BatchNormalizationTraining: OperatorDefinition = {
  op: "BatchNormalizationTraining",
  domain: "subbyte",
  required: 3,
  defaults: ours,

  infer({ node, inputs }) {
    const shape = channelShape(node, inputs);
    const { dtype, shape: full } = inputs[0]!;
    return [
      { dtype, shape: full! },
      { dtype, shape },
      { dtype, shape },
    ];
  },

  evaluate(node, [x, gamma, beta]) {
    const { mean, variance } = statistics(x!);
    const { epsilon } = attributesOf(node, ours);
    return [
      normalize(x!, numbersOf(gamma!), numbersOf(beta!), mean, variance, epsilon),
      tensorOf(x!.dtype, [mean.length], mean),
      tensorOf(x!.dtype, [mean.length], variance),
    ];
  },

  /** Assumes that the loss depends on y only: the statistics go to the running averages, outside of the loss. */
  gradient({ node, g, outputGradients: [dy, dMean, dVariance] }) {
    if (dMean || dVariance) throw misfit(node, "a loss that reads batch statistics", "a loss of y only");
    const [x, gamma] = node.inputs as [string, string];
    const [, mean, variance] = node.outputs as [string, string, string];
    return g.node(
      "BatchNormalizationGradient",
      [dy!, x, gamma, mean, variance],
      { epsilon: attributesOf(node, ours).epsilon },
      { domain: "subbyte", outputs: 3 },
    );
  },
};

/**
 * BatchNormalizationGradient(dy, x, γ, batch mean, biased batch variance; epsilon) → dx, dγ, dβ.
 *
 *   dβ = Σ dy,  dγ = Σ dy·x̂,  dx = γ·r·(dy − dβ/m − x̂·dγ/m),  x̂ = (x − μ)·r, m elements per channel
 */
export const BatchNormalizationGradient: OperatorDefinition = {
  op: "BatchNormalizationGradient",
  domain: "subbyte",
  required: 5,
  defaults: ours,

  infer({ node, inputs }) {
    const [, x, ...vectors] = inputs;
    const shape = channelShape(node, [x, ...vectors]);
    return [
      { dtype: x!.dtype, shape: x!.shape! },
      { dtype: x!.dtype, shape },
      { dtype: x!.dtype, shape },
    ];
  },

  evaluate(node, [dy, x, gamma, mean, variance]) {
    const { epsilon } = attributesOf(node, ours);
    const [dys, xs, g, m, v] = [dy!, x!, gamma!, mean!, variance!].map(numbersOf) as ArrayLike<number>[];
    const channels = g!.length;
    const count = xs!.length / channels;
    const inverse = Float64Array.from(v!, (value) => 1 / Math.sqrt(value + epsilon));
    const [dGamma, dBeta] = [new Float64Array(channels), new Float64Array(channels)];
    eachElement(x!.shape, (at, c) => {
      dBeta[c]! += dys![at]!;
      dGamma[c]! += dys![at]! * (xs![at]! - m![c]!) * inverse[c]!;
    });
    const dx = new Float64Array(xs!.length);
    eachElement(x!.shape, (at, c) => {
      const normal = (xs![at]! - m![c]!) * inverse[c]!;
      dx[at] = g![c]! * inverse[c]! * (dys![at]! - dBeta[c]! / count - (normal * dGamma[c]!) / count);
    });
    return [
      tensorOf(x!.dtype, x!.shape, dx),
      tensorOf(x!.dtype, [channels], dGamma),
      tensorOf(x!.dtype, [channels], dBeta),
    ];
  },
};
