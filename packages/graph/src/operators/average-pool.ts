/**
 * @file AveragePool over the spatial axes of x [n, c, …], and GlobalAveragePool. Spec: ONNX `AveragePool`,
 * opset 19.
 *
 * The divisor counts the elements inside the image or, with count_include_pad, those inside the padded image. If a
 * window extends beyond the padding because of ceil_mode, its further elements are not counted.
 */

import { elementCount, float32 } from "../ir/tensor.js";
import type { Node } from "../ir/types.js";
import { staticSizes } from "./conv.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit } from "./support/attributes.js";
import { forEachIndex, numbersOf, tensorOf } from "./support/values.js";
import { windowAttributes, windowOf, windowOutput, windowTaps } from "./support/windows.js";

const defaults = { kernel_shape: [] as number[], ceil_mode: 0, count_include_pad: 0 };

/** The taps of the windows, and the divisor of every output position. */
function averages(node: Node, image: readonly number[]) {
  const { kernel_shape, ceil_mode, count_include_pad } = attributesOf(node, defaults);
  const window = windowOf(node, kernel_shape, image);
  const output = windowOutput(node, window, image, ceil_mode === 1) as number[];
  const taps = windowTaps(window, image, output);
  const kernelSize = kernel_shape.reduce((a, b) => a * b, 1);
  const divisors = new Float64Array(taps.length / kernelSize);
  if (count_include_pad) {
    const rank = image.length;
    forEachIndex(output, (position, p) => {
      forEachIndex(window.kernel, (tap) => {
        const inside = image.every((size, axis) => {
          const i = position[axis]! * window.strides[axis]! + tap[axis]! * window.dilations[axis]!;
          return i < size + window.pads[axis]! + window.pads[axis + rank]!;
        });
        if (inside) divisors[p]!++;
      });
    });
  } else
    taps.forEach((tap, i) => {
      if (tap >= 0) divisors[Math.floor(i / kernelSize)]!++;
    });
  return { window, taps, divisors, kernelSize, output };
}

export const AveragePool: OperatorDefinition = {
  op: "AveragePool",
  defaults,

  infer({ node, inputs: [x] }) {
    if (!x?.shape) return x ? [{ dtype: x.dtype }] : [];
    const { kernel_shape, ceil_mode } = attributesOf(node, defaults);
    const image = x.shape.slice(2);
    const output = windowOutput(node, windowOf(node, kernel_shape, image), image, ceil_mode === 1);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...output] }];
  },

  evaluate(node, [x]) {
    const [batch, channels, ...image] = x!.shape as [number, number, ...number[]];
    const { taps, divisors, kernelSize, output } = averages(node, image);
    const imageSize = image.reduce((a, b) => a * b, 1);
    const xs = numbersOf(x!);
    const y = new Float64Array(batch * channels * divisors.length);
    for (let map = 0, at = 0; map < batch * channels; map++)
      for (let p = 0; p < divisors.length; p++, at++) {
        let sum = 0;
        for (let k = 0; k < kernelSize; k++) {
          const tap = taps[p * kernelSize + k]!;
          if (tap >= 0) sum += xs[map * imageSize + tap]!;
        }
        y[at] = sum / divisors[p]!;
      }
    return [tensorOf(x!.dtype, [batch, channels, ...output], y)];
  },

  /**
   * Divides each element of dy as its average was divided, and adds it to all of its taps. This is the input gradient of a
   * convolution with ones, which is the same for every channel, so channels are treated as images.
   */
  gradient({ node, g, type, outputGradients: [dy] }) {
    const shape = type(node.inputs[0]!).shape!;
    const image = staticSizes(node, shape);
    const channels = shape[1]!;
    if (typeof channels !== "number") throw misfit(node, `x has the shape [${shape}]`, "a fixed number of channels");
    const { window, divisors, output } = averages(node, image);
    const share = g.op("Mul", [
      dy!,
      g.constant(
        float32(
          divisors.map((count) => 1 / count),
          output,
        ),
      ),
    ]);
    const flat = g.op("Reshape", [share, g.ints([-1, 1, ...output])]);
    // For a convolution, a window that extends beyond the image because of ceil_mode is a matter of padding.
    const rank = image.length;
    const ends = image.map((size, axis) => {
      const extent = window.dilations[axis]! * (window.kernel[axis]! - 1) + 1;
      return (output[axis]! - 1) * window.strides[axis]! + extent - size - window.pads[axis]!;
    });
    const exact = { ...window, pads: [...window.pads.slice(0, rank), ...ends] };
    const ones = g.constant(float32(new Float32Array(elementCount(window.kernel)).fill(1), [1, 1, ...window.kernel]));
    const dx = g.op(
      "ConvInputGradient",
      [flat, ones],
      { ...windowAttributes(exact), group: 1, input_shape: image },
      { domain: "subbyte" },
    );
    return [g.op("Reshape", [dx, g.ints([-1, channels, ...image])])];
  },
};

export const GlobalAveragePool: OperatorDefinition = {
  op: "GlobalAveragePool",

  infer({ node, inputs: [x] }) {
    if (!x?.shape) return x ? [{ dtype: x.dtype }] : [];
    if (x.shape.length < 3) throw misfit(node, `x has the shape [${x.shape}]`, "[n, c, …]");
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...x.shape.slice(2).map(() => 1)] }];
  },

  evaluate(_, [x]) {
    const [batch, channels, ...image] = x!.shape as [number, number, ...number[]];
    const imageSize = image.reduce((a, b) => a * b, 1);
    const xs = numbersOf(x!);
    const y = new Float64Array(batch * channels);
    for (let i = 0; i < xs.length; i++) y[Math.floor(i / imageSize)]! += xs[i]! / imageSize;
    return [tensorOf(x!.dtype, [batch, channels, ...image.map(() => 1)], y)];
  },

  /** Gives every element of the image an equal share. */
  gradient({ node, g, type, outputGradients: [dy] }) {
    const image = staticSizes(node, type(node.inputs[0]!).shape!);
    const share = g.op("Mul", [dy!, g.scalar(1 / image.reduce((a, b) => a * b, 1))]);
    return [g.op("Expand", [share, g.ints([1, 1, ...image])])];
  },
};
