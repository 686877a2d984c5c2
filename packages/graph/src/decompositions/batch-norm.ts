/**
 * @file Batch normalization in training, forward and backward.
 *
 * Forward: ONNX BatchNormalization with training_mode=1 and momentum=0, whose "running" outputs are then the batch's mean and
 * biased variance. ONNX Runtime writes them *into the buffers of its mean and variance inputs*, even if these are initializers.
 * From optimization level "basic" on, it also merges equal initializers and equal expressions. A node that shares such an
 * input, another batch norm or a vector of zeros elsewhere, would silently compute with overwritten numbers. So each node gets
 * inputs of its own that nothing else reads, that are no initializers, and that equal no other expression: a value that changes
 * with the run, times a factor used once. (With momentum 0 their values do not matter as long as they are finite.)
 *
 * Backward, m elements per channel, r = 1/√(σ² + ε), sums over all axes but the channel:
 *
 *   dβ = Σ dy,  dγ = r·(Σ dy·x − μ·dβ)
 *   dx = γ·r·(dy − dβ/m − (x − μ)·r·dγ/m)  =  dy·a + (x·b + c)
 *   a = γ·r,  k = −a/m,  b = k·r·dγ,  c = k·dβ − b·μ
 *
 * x·b + c in one pass is BatchNormalization in inference form with mean 0 and variance 1.
 */

import type { GraphBuilder } from "../ir/builder.js";
import { float32 } from "../ir/tensor.js";
import { attributesOf } from "../operators/support/attributes.js";
import type { Decomposition, DecompositionContext } from "./decomposition.js";
import { batchSize, product, reshape, slice } from "./support.js";

const defaults = { epsilon: 1e-5 };

export const batchNormTraining: Decomposition = {
  op: "BatchNormalizationTraining",
  domain: "subbyte",
  rewrite(node, context) {
    const [x, gamma, beta] = node.inputs as [string, string, string];
    const attributes = { epsilon: attributesOf(node, defaults).epsilon, training_mode: 1, momentum: 0 };
    const [mean, variance] = [scratch(context, x), scratch(context, x)];
    return context.g.node("BatchNormalization", [x, gamma, beta, mean, variance], attributes, { outputs: 3 });
  },
};

/** A vector [c] that only one node reads and that no optimizer merges or precomputes. */
function scratch({ g, type, once }: DecompositionContext, x: string): string {
  const shape = type(x).shape!;
  const axes = shape.map((_, axis) => axis);
  // One element per channel of any activation, made finite: infinity times a momentum of 0 would be NaN.
  const elements = once(`scratch of ${shape[1]} channels`, () => {
    const ends = axes.map((axis) => (axis === 1 ? (shape[1] as number) : 1));
    const first = slice(g, x, new Array<number>(axes.length).fill(0), ends, axes);
    return g.op("Clip", [reshape(g, first, [shape[1] as number]), g.scalar(-1), g.scalar(1)]);
  });
  // The number of nodes grows with every call, so no factor occurs twice.
  return g.op("Mul", [elements, g.scalar(1 + g.nodes.length * 2 ** -23)]);
}

export const batchNormGradient: Decomposition = {
  op: "BatchNormalizationGradient",
  domain: "subbyte",
  rewrite(node, context) {
    const { g, type } = context;
    const [dy, x, gamma, mean, variance] = node.inputs as [string, string, string, string, string];
    const [, channels, ...image] = type(x).shape as [number, number, ...number[]];
    const mul = (a: string, b: string) => g.op("Mul", [a, b]);

    const epsilon = g.scalar(attributesOf(node, defaults).epsilon);
    const r = g.op("Reciprocal", [g.op("Sqrt", [g.op("Add", [variance, epsilon])])]);
    const minusReciprocalCount = g.op("Div", [g.scalar(-1 / product(image)), batchSize(context, x)]);

    const dBeta = channelSums(g, dy, channels, image);
    const dot = channelSums(g, mul(dy, x), channels, image);
    const dGamma = mul(r, g.op("Sub", [dot, mul(mean, dBeta)]));
    const a = mul(gamma, r);
    const k = mul(a, minusReciprocalCount);
    const b = mul(mul(k, r), dGamma);
    const c = g.op("Sub", [mul(k, dBeta), mul(b, mean)]);

    const zeros = context.once(`zeros ${channels}`, () => g.constant(float32(new Float32Array(channels))));
    const ones = context.once(`ones ${channels}`, () => g.constant(float32(new Float32Array(channels).fill(1))));
    const affine = g.op("BatchNormalization", [x, b, c, zeros, ones], { epsilon: 0 });
    const scaled = mul(dy, reshape(g, a, [1, channels, ...image.map(() => 1)]));
    return [g.op("Add", [scaled, affine]), dGamma, dBeta];
  },
};

/** Sums [n, c, …] to [c], first over each image, because this order vectorizes. */
function channelSums(g: GraphBuilder, value: string, channels: number, image: readonly number[]): string {
  const sum = (operand: string, axis: number) => g.op("ReduceSum", [operand, g.ints([axis])], { keepdims: 0 });
  if (image.length === 0) return sum(value, 0);
  return sum(sum(reshape(g, value, [-1, channels, product(image)]), 2), 0);
}
