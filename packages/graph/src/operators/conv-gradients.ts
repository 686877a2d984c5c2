/**
 * @file The gradients of Conv. They are operators of our own that a decomposition pass replaces by ONNX operators.
 *
 *   ConvInputGradient(dy [n, o, …], w [o, c/group, …])   → dx [n, c, …input_shape]
 *   ConvWeightGradient(dy [n, o, …], x [n, c, …])         → dw [o, c/group, …kernel_shape]
 *
 * Attributes, all explicit: `kernel_shape`, `strides`, `dilations`, `pads` (begins, then ends), `group`, and for the first
 * `input_shape`, the spatial sizes of x.
 */

import type { Node } from "../ir/types.js";
import { correlateForWeight, correlateTransposed } from "./conv.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit } from "./support/attributes.js";
import { windowOf, windowOutput, windowTaps } from "./support/windows.js";

const defaults = { group: 1, kernel_shape: [] as number[], input_shape: [] as number[] };

/** The taps of the forward convolution over an image. */
function forwardTaps(node: Node, image: readonly number[]): Int32Array {
  const window = windowOf(node, attributesOf(node, defaults).kernel_shape, image);
  return windowTaps(window, image, windowOutput(node, window, image) as number[]);
}

export const ConvInputGradient: OperatorDefinition = {
  op: "ConvInputGradient",
  domain: "subbyte",
  required: 2,
  defaults,

  infer({ node, inputs: [dy, w] }) {
    const { group, input_shape } = attributesOf(node, defaults);
    if (!dy?.shape || !w?.shape) throw misfit(node, "an input without a shape", "dy and w of known shape");
    const perGroup = w.shape[1]!;
    if (typeof perGroup !== "number") throw misfit(node, `w has the shape [${w.shape}]`, "fixed sizes");
    if (dy.shape[1] !== w.shape[0])
      throw misfit(node, `dy has ${dy.shape[1]} channels, w ${w.shape[0]}`, "as many outputs in both");
    return [{ dtype: dy.dtype, shape: [dy.shape[0]!, perGroup * group, ...input_shape] }];
  },

  evaluate(node, [dy, w]) {
    const { group, input_shape } = attributesOf(node, defaults);
    return [correlateTransposed(dy!, w!, group, forwardTaps(node, input_shape), input_shape)];
  },
};

export const ConvWeightGradient: OperatorDefinition = {
  op: "ConvWeightGradient",
  domain: "subbyte",
  required: 2,
  defaults,

  infer({ node, inputs: [dy, x] }) {
    const { group, kernel_shape } = attributesOf(node, defaults);
    if (!dy?.shape || !x?.shape) throw misfit(node, "an input without a shape", "dy and x of known shape");
    const channels = x.shape[1]!;
    if (typeof channels !== "number" || channels % group !== 0)
      throw misfit(node, `x has ${channels} channels in ${group} groups`, "a multiple of the groups");
    return [{ dtype: dy.dtype, shape: [dy.shape[1]!, channels / group, ...kernel_shape] }];
  },

  evaluate(node, [dy, x]) {
    const { group, kernel_shape } = attributesOf(node, defaults);
    return [correlateForWeight(dy!, x!, group, forwardTaps(node, x!.shape.slice(2)), kernel_shape)];
  },
};
