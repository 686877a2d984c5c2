/**
 * @file MaxPool over the spatial axes of x [n, c, …]. Spec: ONNX `MaxPool`, opset 12.
 *
 * Padding never wins. The optional second output holds, for each maximum, its flat row-major position in the whole of x
 * (int64); of equal values the first wins. The gradient needs it.
 */

import type { Tensor } from "../ir/types.js";
import { staticSizes } from "./conv.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit } from "./support/attributes.js";
import { numbersOf, tensorOf } from "./support/values.js";
import { windowOf, windowOutput, windowTaps } from "./support/windows.js";

const defaults = { kernel_shape: [] as number[], ceil_mode: 0, storage_order: 0 };

export const MaxPool: OperatorDefinition = {
  op: "MaxPool",
  defaults,

  infer({ node, inputs: [x] }) {
    if (!x?.shape) return x ? [{ dtype: x.dtype }, { dtype: "int64" }] : [];
    const { kernel_shape, ceil_mode, storage_order } = attributesOf(node, defaults);
    if (storage_order !== 0) throw misfit(node, "storage_order is column-major", "storage_order 0");
    const image = x.shape.slice(2);
    const shape = [
      ...x.shape.slice(0, 2),
      ...windowOutput(node, windowOf(node, kernel_shape, image), image, ceil_mode === 1),
    ];
    return node.outputs.length > 1
      ? [
          { dtype: x.dtype, shape },
          { dtype: "int64", shape },
        ]
      : [{ dtype: x.dtype, shape }];
  },

  evaluate(node, [x]) {
    const { kernel_shape, ceil_mode } = attributesOf(node, defaults);
    const [batch, channels, ...image] = x!.shape as [number, number, ...number[]];
    const window = windowOf(node, kernel_shape, image);
    const output = windowOutput(node, window, image, ceil_mode === 1) as number[];
    const taps = windowTaps(window, image, output);
    const kernelSize = kernel_shape.reduce((a, b) => a * b, 1);
    const positions = taps.length / kernelSize;
    const imageSize = image.reduce((a, b) => a * b, 1);
    const xs = numbersOf(x!);
    const y = new Float64Array(batch * channels * positions);
    const winners = new BigInt64Array(y.length);
    for (let map = 0, at = 0; map < batch * channels; map++)
      for (let p = 0; p < positions; p++, at++) {
        let best = Number.NEGATIVE_INFINITY;
        let winner = -1;
        for (let k = 0; k < kernelSize; k++) {
          const tap = taps[p * kernelSize + k]!;
          if (tap < 0) continue;
          const value = xs[map * imageSize + tap]!;
          if (winner >= 0 && !(value > best)) continue;
          best = value;
          winner = map * imageSize + tap;
        }
        y[at] = best;
        winners[at] = BigInt(winner);
      }
    const shape = [batch, channels, ...output];
    const indices: Tensor = { dtype: "int64", shape, data: winners };
    return node.outputs.length > 1 ? [tensorOf(x!.dtype, shape, y), indices] : [tensorOf(x!.dtype, shape, y)];
  },

  differentiable: (node, fresh) =>
    node.outputs.length > 1 && node.outputs[1] !== ""
      ? node
      : { ...node, outputs: [node.outputs[0]!, fresh(`${node.outputs[0]}.indices`)] },

  gradient: ({ node, g, type, outputGradients: [dy] }) => [
    g.op(
      "MaxPoolGradient",
      [dy!, node.outputs[1]!],
      { input_shape: staticSizes(node, type(node.inputs[0]!).shape!) },
      { domain: "subbyte" },
    ),
  ],
};

/** MaxPool over the whole image. Import turns it into a MaxPool, which has a gradient. */
export const GlobalMaxPool: OperatorDefinition = {
  op: "GlobalMaxPool",
  infer({ inputs: [x] }) {
    if (!x?.shape) return x ? [{ dtype: x.dtype }] : [];
    return [{ dtype: x.dtype, shape: x.shape.map((dim, axis) => (axis < 2 ? dim : 1)) }];
  },
  evaluate: (node, inputs) =>
    MaxPool.evaluate!({ ...node, attributes: { kernel_shape: inputs[0]!.shape.slice(2) } }, inputs),
};

/**
 * MaxPoolGradient(dy [n, c, …], indices [n, c, …] of MaxPool) → dx [n, c, …input_shape]: each element of dy is added at its
 * flat position.
 */
export const MaxPoolGradient: OperatorDefinition = {
  op: "MaxPoolGradient",
  domain: "subbyte",
  required: 2,

  infer({ node, inputs: [dy] }) {
    if (!dy?.shape) throw misfit(node, "dy without a shape", "a known shape");
    return [{ dtype: dy.dtype, shape: [...dy.shape.slice(0, 2), ...attributesOf(node, gradientDefaults).input_shape] }];
  },

  evaluate(node, [dy, indices]) {
    const shape = [...dy!.shape.slice(0, 2), ...attributesOf(node, gradientDefaults).input_shape];
    const dx = new Float64Array(shape.reduce((a, b) => a * b, 1));
    const [dys, at] = [numbersOf(dy!), numbersOf(indices!)];
    for (let i = 0; i < dys.length; i++) dx[at[i]!]! += dys[i]!;
    return [tensorOf(dy!.dtype, shape, dx)];
  },
};

const gradientDefaults = { input_shape: [] as number[] };
