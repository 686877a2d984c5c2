/**
 * @file Conv: cross-correlation of x [n, c, …] with w [o, c/group, …], plus a bias [o]. Spec: ONNX `Conv`, opset 11/22.
 *
 *   y[n,o,p] = b[o] + Σ_{i,k} w[o,i,k] · x[n, first(o)+i, p·stride − pad + k·dilation]
 */

import type { Dim, Node, Tensor } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit } from "./support/attributes.js";
import { numbersOf, tensorOf } from "./support/values.js";
import { type Window, windowAttributes, windowOf, windowOutput, windowTaps } from "./support/windows.js";

const defaults = { group: 1 };

/** Resolves the window from the kernel's shape, which `kernel_shape` must not contradict. */
export function convWindow(node: Node, weight: readonly Dim[], input: readonly Dim[]): Window {
  const kernel = weight.slice(2);
  if (!kernel.every((dim) => typeof dim === "number"))
    throw misfit(node, `weight has the shape [${weight}]`, "a kernel of fixed size");
  const stated = node.attributes.kernel_shape as readonly number[] | undefined;
  if (stated && stated.join() !== kernel.join())
    throw misfit(node, `kernel_shape is [${stated}], the weight's kernel [${kernel}]`, "the same");
  return windowOf(node, kernel, input.slice(2));
}

export const Conv: OperatorDefinition = {
  op: "Conv",
  required: 2,
  defaults,

  infer({ node, inputs: [x, w, b] }) {
    if (!x || !w) throw misfit(node, "an input is missing", "x and w");
    if (!x.shape || !w.shape) return [{ dtype: x.dtype }];
    const { group } = attributesOf(node, defaults);
    if (x.shape.length < 3 || w.shape.length !== x.shape.length)
      throw misfit(node, `x has ${x.shape.length} dimensions, w ${w.shape.length}`, "[n, c, …] and [o, c/group, …]");
    const [outputs, perGroup] = w.shape;
    const channels = x.shape[1];
    if (typeof channels === "number" && typeof perGroup === "number" && perGroup * group !== channels)
      throw misfit(
        node,
        `the weight takes ${perGroup} channels per group, x has ${channels} and group is ${group}`,
        "w.shape[1] · group = x.shape[1]",
      );
    if (typeof outputs === "number" && outputs % group !== 0)
      throw misfit(node, `${outputs} output channels in ${group} groups`, "a multiple of the groups");
    if (b?.shape && (b.shape.length !== 1 || b.shape[0] !== outputs))
      throw misfit(node, `the bias has the shape [${b.shape}]`, `[${outputs}]`);
    const window = convWindow(node, w.shape, x.shape);
    return [{ dtype: x.dtype, shape: [x.shape[0]!, outputs!, ...windowOutput(node, window, x.shape.slice(2))] }];
  },

  evaluate(node, [x, w, b]) {
    const { group } = attributesOf(node, defaults);
    const window = convWindow(node, w!.shape, x!.shape);
    const image = x!.shape.slice(2);
    const output = windowOutput(node, window, image) as number[];
    const y = correlate(x!, w!, group, windowTaps(window, image, output));
    const [batch, outputs] = [x!.shape[0]!, w!.shape[0]!];
    if (b) {
      const bias = numbersOf(b);
      const positions = y.length / (batch * outputs);
      for (let i = 0; i < y.length; i++) y[i]! += bias[Math.floor(i / positions) % outputs]!;
    }
    return [tensorOf(x!.dtype, [batch, outputs, ...output], y)];
  },

  gradient({ node, g, type, outputGradients: [dy], needed }) {
    const [x, w] = node.inputs;
    const xShape = type(x!).shape!;
    const window = convWindow(node, type(w!).shape!, xShape);
    const { group } = attributesOf(node, defaults);
    const attributes = { ...windowAttributes(window), group };
    const options = { domain: "subbyte" };
    return [
      needed[0]
        ? g.op("ConvInputGradient", [dy!, w!], { ...attributes, input_shape: staticSizes(node, xShape) }, options)
        : undefined,
      needed[1] ? g.op("ConvWeightGradient", [dy!, x!], attributes, options) : undefined,
      needed[2]
        ? g.op("ReduceSum", [dy!, g.ints([0, ...xShape.slice(2).map((_, i) => i + 2)])], { keepdims: 0 })
        : undefined,
    ];
  },
};

/** Spatial sizes of an image as numbers, which gradients need. */
export function staticSizes(node: Node, shape: readonly Dim[]): number[] {
  const sizes = shape.slice(2);
  if (!sizes.every((dim) => typeof dim === "number"))
    throw misfit(node, `the image has the symbolic shape [${shape}]`, "a fixed image size to differentiate");
  return sizes;
}

/** Σ over taps, without bias: y as [n, o, p]. */
function correlate(x: Tensor, w: Tensor, group: number, taps: Int32Array): Float64Array {
  const s = sizes(x.shape, w.shape, taps);
  const [xs, ws] = [numbersOf(x), numbersOf(w)];
  const y = new Float64Array(s.batch * s.outputs * s.positions);
  eachTap(s, group, taps, (yAt, wAt, xAt) => {
    y[yAt]! += ws[wAt]! * xs[xAt]!;
  });
  return y;
}

/** dx [n, c, image…] = the sum over the taps that read each element. ConvTranspose computes the same. */
export function correlateTransposed(
  dy: Tensor,
  w: Tensor,
  group: number,
  taps: Int32Array,
  image: readonly number[],
): Tensor {
  const shape = [dy.shape[0]!, w.shape[1]! * group, ...image];
  const s = sizes(shape, w.shape, taps);
  const [dys, ws] = [numbersOf(dy), numbersOf(w)];
  const dx = new Float64Array(s.batch * s.channels * s.imageSize);
  eachTap(s, group, taps, (yAt, wAt, xAt) => {
    dx[xAt]! += ws[wAt]! * dys[yAt]!;
  });
  return tensorOf(dy.dtype, shape, dx);
}

/** dw [o, c/group, kernel…] = Σ over images and positions of dy times the element that the tap read. */
export function correlateForWeight(
  dy: Tensor,
  x: Tensor,
  group: number,
  taps: Int32Array,
  kernel: readonly number[],
): Tensor {
  const shape = [dy.shape[1]!, x.shape[1]! / group, ...kernel];
  const s = sizes(x.shape, shape, taps);
  const [dys, xs] = [numbersOf(dy), numbersOf(x)];
  const dw = new Float64Array(s.outputs * s.perGroup * s.kernelSize);
  eachTap(s, group, taps, (yAt, wAt, xAt) => {
    dw[wAt]! += dys[yAt]! * xs[xAt]!;
  });
  return tensorOf(dy.dtype, shape, dw);
}

interface Sizes {
  readonly batch: number;
  readonly channels: number;
  readonly outputs: number;
  readonly perGroup: number;
  readonly kernelSize: number;
  readonly imageSize: number;
  readonly positions: number;
}

function sizes(x: readonly number[], w: readonly number[], taps: Int32Array): Sizes {
  const kernelSize = w.slice(2).reduce((a, b) => a * b, 1);
  return {
    batch: x[0]!,
    channels: x[1]!,
    outputs: w[0]!,
    perGroup: w[1]!,
    kernelSize,
    imageSize: x.slice(2).reduce((a, b) => a * b, 1),
    positions: taps.length / kernelSize,
  };
}

/** Visits every multiplication of a convolution by its flat positions in y, w and x. */
function eachTap(
  s: Sizes,
  group: number,
  taps: Int32Array,
  visit: (yAt: number, wAt: number, xAt: number) => void,
): void {
  const outputsPerGroup = s.outputs / group;
  for (let n = 0; n < s.batch; n++)
    for (let o = 0; o < s.outputs; o++) {
      const first = Math.floor(o / outputsPerGroup) * s.perGroup;
      for (let p = 0; p < s.positions; p++) {
        const yAt = (n * s.outputs + o) * s.positions + p;
        for (let i = 0; i < s.perGroup; i++) {
          const wAt = (o * s.perGroup + i) * s.kernelSize;
          const xAt = (n * s.channels + first + i) * s.imageSize;
          for (let k = 0; k < s.kernelSize; k++) {
            const tap = taps[p * s.kernelSize + k]!;
            if (tap >= 0) visit(yAt, wAt + k, xAt + tap);
          }
        }
      }
    }
}
