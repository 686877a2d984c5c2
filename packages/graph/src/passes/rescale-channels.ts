/** @file Folds an affine function of each output channel into the weights of a convolution or linear layer. */

import type { Node, Tensor } from "../ir/types.js";
import { numbersOf, tensorOf } from "../operators/support/values.js";
import { anyValue, constant, type Match, node, optional } from "../patterns/pattern.js";
import type { RewriteContext } from "../patterns/rule.js";
import type { ChannelAffine } from "./channel-affine.js";

/** A Conv or Gemm with constant weights. */
export interface ChannelLayer {
  readonly layer: Node;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
}

const weight = constant();
const bias = optional(constant());

/** A layer with constant weights before the root of a pattern. */
export const channelLayer = node(["Conv", "Gemm"], [anyValue(), weight, bias]);

export const channelLayerOf = (match: Match): ChannelLayer => ({
  layer: match.node(channelLayer),
  weight: match.tensor(weight),
  bias: match.tensor(bias),
});

/** The axis of the weight that counts output channels. */
const outputAxis = ({ op, attributes }: Node): number => (op === "Gemm" && !attributes.transB ? 1 : 0);

export const outputChannels = (layer: Node, weight: Tensor): number => weight.shape[outputAxis(layer)]!;

/**
 * Whether the layer computes `x·w + b` with one b per output channel, without another alpha, beta, bias shape or transposition.
 */
export function isChannelLayer({ layer, weight, bias }: ChannelLayer): boolean {
  const { alpha = 1, beta = 1, transA = 0 } = layer.attributes;
  const channels = outputChannels(layer, weight);
  return (
    (layer.op === "Conv" || (alpha === 1 && beta === 1 && !transA)) &&
    (bias === undefined || (bias.shape.length === 1 && bias.shape[0] === channels))
  );
}

/**
 * Builds the layer that computes `factor[c] · layer(x)[c] + offset[c]` and returns its output. Computed in float64 and
 * rounded once.
 */
export function rescaleChannels(
  context: RewriteContext,
  { layer, weight, bias }: ChannelLayer,
  { factor, offset }: ChannelAffine,
): string {
  const [x, weightName, biasName] = layer.inputs as readonly [string, string, string | undefined];
  const axis = outputAxis(layer);
  const channels = weight.shape[axis]!;
  const inner = weight.shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const values = numbersOf(weight);
  const scaled = new Float64Array(values.length); // loops: with `from` and a function, ResNet-50 took ten times as long
  for (let i = 0; i < values.length; ) {
    const k = factor[(i / inner) % channels]!;
    for (const end = i + inner; i < end; i++) scaled[i] = k * values[i]!;
  }
  const old = bias && numbersOf(bias);
  const shifted = Float64Array.from({ length: channels }, (_, c) => factor[c]! * (old?.[c] ?? 0) + offset[c]!);
  const newBias = tensorOf(weight.dtype, [channels], shifted);
  return context.node(
    layer,
    layer.op,
    [
      x,
      context.replaceConstant(weightName, tensorOf(weight.dtype, weight.shape, scaled)),
      biasName ? context.replaceConstant(biasName, newBias) : context.constant(newBias, biasNameBeside(weightName)),
    ],
    layer.attributes,
  );
}

/** `layer1.0.conv1.weight` → `layer1.0.conv1.bias`. */
const biasNameBeside = (weightName: string): string => `${weightName.replace(/\.weight$/, "")}.bias`;
