/**
 * @file The gradients of any convolution, as convolutions.
 *
 * Input: dx is the correlation of dy with the kernel turned by 180° and its channels exchanged,
 *
 *   dx = Conv(dy, flip(w)ᵀ; pads d·(k−1) − p)      for stride 1,
 *   dx = ConvTranspose(dy, w)                       otherwise.
 *
 * The turn is a product with a reversal permutation, which is faster than Slice with negative steps or Gather.
 *
 * Weight: dw[o, i, t] = Σ_{n, q} dy[n, o, q]·x[n, i, q·s + t·d − p] is itself a convolution over x: its "batch" is i,
 * its channels are the images n, its kernel is dy with dilation s, its stride is d, its output positions are the taps
 * t. Runtimes unfold (im2col) into one column for each output position, so the matrix is wider if i is an innermost
 * *spatial* axis of extent 1 in the kernel: one product [o] × [n·q] × [t·i], and unfolding copies contiguous runs of
 * channels. Images of a few channels (a first layer) are not transposed; i is then the outermost spatial axis.
 */

import { float32 } from "../ir/tensor.js";
import { type ConvContext, type ConvDecomposition, channelsFirst, convAttributes, every } from "./convolution.js";
import { product, reshape, slice, transpose } from "./support.js";

export const directGradients: ConvDecomposition = {
  inputGradient: (context, dy, w) => flippedConv(context, dy, w) ?? convTranspose(context, dy, w),
  weightGradient: weightConv,
};

/** Channels per group from which the innermost layout is worth its transposition. */
const MANY_CHANNELS = 16;
/** Most spatial axes that the runtime's convolution supports. */
const MAX_SPATIAL_AXES = 3;

function flippedConv(context: ConvContext, dy: string, w: string): string | undefined {
  const { g, geometry } = context;
  const { kernel, dilations, pads, strides } = geometry;
  const opposite = pads.map((entry, i) => dilations[i % kernel.length]! * (kernel[i % kernel.length]! - 1) - entry);
  if (!every(strides, 1) || opposite.some((entry) => entry < 0)) return undefined;
  return g.op("Conv", [dy, flipped(context, w)], { ...convAttributes(geometry), pads: opposite });
}

/** [o, c/g, …k] → [c, o/g, …k], turned by 180°. */
function flipped({ g, once, geometry }: ConvContext, w: string): string {
  return once(`flipped ${w}`, () => {
    const { channels, outputs, group, kernel } = geometry;
    const perGroup = channels / group;
    const taps = product(kernel);
    const turned = reshape(g, g.op("MatMul", [reshape(g, w, [-1, taps]), reversal({ g, once }, taps)]), [
      group,
      outputs / group,
      perGroup,
      taps,
    ]);
    return reshape(g, transpose(g, turned, [0, 2, 1, 3]), [channels, outputs / group, ...kernel]);
  });
}

const reversal = ({ g, once }: Pick<ConvContext, "g" | "once">, size: number): string =>
  once(`reversal ${size}`, () => {
    const data = new Float32Array(size * size);
    for (let i = 0; i < size; i++) data[i * size + size - 1 - i] = 1;
    return g.constant(float32(data, [size, size]));
  });

function convTranspose({ g, geometry }: ConvContext, dy: string, w: string): string {
  const { kernel, strides, dilations, pads, image, output } = geometry;
  // Elements at the end that no window of the forward convolution reached.
  const unread = image.map((size, axis) => {
    const extent = dilations[axis]! * (kernel[axis]! - 1) + 1;
    return size + pads[axis]! + pads[axis + kernel.length]! - ((output[axis]! - 1) * strides[axis]! + extent);
  });
  return g.op("ConvTranspose", [dy, w], { ...convAttributes(geometry), output_padding: unread });
}

function weightConv(context: ConvContext, dy: string, x: string): string {
  const { g, geometry } = context;
  const { channels, outputs, group, kernel, image, strides, dilations, output } = geometry;
  const perGroup = channels / group;
  const { value, size, pads } = touched(context, x);
  const kernelOf = channelsFirst(context, dy);
  const spatial = image.map((_, axis) => axis);
  const grouped = group === 1 ? value : reshape(g, value, [-1, group, perGroup, ...size]);

  if (perGroup === 1) {
    const images = reshape(g, channelsFirst(context, value), [1, -1, ...size]);
    const attributes = { kernel_shape: output, strides: dilations, dilations: strides, pads, group };
    return reshape(g, g.op("Conv", [images, kernelOf], attributes), [outputs, 1, ...kernel]);
  }
  if (spatial.length >= MAX_SPATIAL_AXES) {
    const order = group === 1 ? [1, 0, ...spatial.map((a) => a + 2)] : [2, 1, 0, ...spatial.map((a) => a + 3)];
    const images = reshape(g, transpose(g, grouped, order), [perGroup, -1, ...size]);
    const attributes = { kernel_shape: output, strides: dilations, dilations: strides, pads, group };
    return transpose(g, g.op("Conv", [images, kernelOf], attributes), [1, 0, ...spatial.map((axis) => axis + 2)]);
  }
  const rank = spatial.length;
  const begins = pads.slice(0, rank);
  const ends = pads.slice(rank);
  if (group === 1 && perGroup < MANY_CHANNELS) {
    const images = reshape(g, value, [1, -1, channels, ...size]);
    const dw = g.op("Conv", [images, reshape(g, kernelOf, [outputs, -1, 1, ...output])], {
      kernel_shape: [1, ...output],
      strides: [1, ...dilations],
      dilations: [1, ...strides],
      pads: [0, ...begins, 0, ...ends],
      group,
    });
    return reshape(g, dw, [outputs, channels, ...kernel]);
  }
  const order = group === 1 ? [0, ...spatial.map((a) => a + 2), 1] : [1, 0, ...spatial.map((a) => a + 3), 2];
  const images = reshape(g, transpose(g, grouped, order), [1, -1, ...size, perGroup]);
  const dw = g.op("Conv", [images, reshape(g, kernelOf, [outputs, -1, ...output, 1])], {
    kernel_shape: [...output, 1],
    strides: [...dilations, 1],
    dilations: [...strides, 1],
    pads: [...begins, 0, ...ends, 0],
    group,
  });
  return transpose(g, reshape(g, dw, [outputs, ...kernel, perGroup]), [0, rank + 1, ...spatial.map((a) => a + 1)]);
}

/**
 * x without the elements at the end that no window reaches, and the pads with which the weight convolution gives exactly one
 * output per tap of the kernel. (Otherwise those elements would need negative pads, which runtimes refuse.)
 */
function touched(
  { g, geometry }: ConvContext,
  x: string,
): { readonly value: string; readonly size: readonly number[]; readonly pads: readonly number[] } {
  const { kernel, strides, dilations, pads, image, output } = geometry;
  const begins = pads.slice(0, kernel.length);
  const ends = image.map(
    (size, axis) =>
      (output[axis]! - 1) * strides[axis]! + dilations[axis]! * (kernel[axis]! - 1) + 1 - size - begins[axis]!,
  );
  const size = image.map((length, axis) => length + Math.min(0, ends[axis]!));
  const axes = image.map((_, axis) => axis + 2);
  const cut = ends.some((entry) => entry < 0);
  return {
    value: cut
      ? slice(
          g,
          x,
          image.map(() => 0),
          size,
          axes,
        )
      : x,
    size,
    pads: [...begins, ...ends.map((entry) => Math.max(0, entry))],
  };
}
