/**
 * @file Drops kernel rows and columns that only ever meet padding.
 *
 *   y = Conv(x, w; pads)      =  Conv(x, w[live]; smaller pads)
 *   dw[live] = ConvWeightGradient of the smaller convolution,  0 elsewhere
 *
 * Deep layers on small images are full of them: with a padding of 1 a 3×3 kernel on a 1×1 image is a 1×1 kernel, a ninth of
 * the multiplications; with stride 2 on a 2×2 image it is a 2×2 kernel.
 */

import { float32 } from "../ir/tensor.js";
import { flatten, forEachIndex, stridesOf } from "../operators/support/values.js";
import type { ConvContext, ConvFormulation, ConvGeometry } from "./convolution.js";
import { product, reshape, slice } from "./support.js";

export const deadTaps: ConvFormulation = {
  forward(context, x, w) {
    const live = reduce(context.geometry);
    return live && context.reduced(live.geometry).forward(x, liveWeights(context, live, w));
  },
  inputGradient(context, dy, w) {
    const live = reduce(context.geometry);
    return live && context.reduced(live.geometry).inputGradient(dy, liveWeights(context, live, w));
  },
  weightGradient(context, dy, x) {
    const live = reduce(context.geometry);
    if (!live) return undefined;
    const { g, geometry } = context;
    const { channels, group, outputs, kernel } = geometry;
    const dw = context.reduced(live.geometry).weightGradient(dy, x);
    const flat = reshape(g, dw, [-1, product(live.geometry.kernel)]);
    return reshape(g, g.op("MatMul", [flat, placement(context, live)]), [outputs, channels / group, ...kernel]);
  },
};

/** The matrix [live taps, all taps] that puts each live tap in its place; a product with it is faster than Pad. */
function placement({ g, once, geometry }: ConvContext, { first, last, geometry: { kernel: live } }: LiveTaps): string {
  return once(`placement ${first} ${last} ${geometry.kernel}`, () => {
    const columns = product(geometry.kernel);
    const data = new Float32Array(product(live) * columns);
    const strides = stridesOf(geometry.kernel);
    forEachIndex(live, (tap, row) => {
      const place = tap.map((at, axis) => at + first[axis]);
      data[row * columns + flatten(place, strides)] = 1;
    });
    return g.constant(float32(data, [product(live), columns]));
  });
}

interface LiveTaps {
  /** First and last tap on each axis that read the image at some position. */
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly geometry: ConvGeometry;
}

/** Undefined where every tap is live, or where what is left would need negative pads. */
function reduce(geometry: ConvGeometry): LiveTaps | undefined {
  const { kernel, pads, dilations, strides, image, output } = geometry;
  const rank = kernel.length;
  const first: number[] = [];
  const last: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const live = Array.from({ length: kernel[axis] }, (_, tap) => tap).filter((tap) => isLive(geometry, axis, tap));
    if (live.length === 0) return undefined;
    first.push(live[0]);
    last.push(live[live.length - 1]);
  }
  const smaller = kernel.map((_, axis) => last[axis] - first[axis] + 1);
  if (smaller.every((size, axis) => size === kernel[axis])) return undefined;
  const begins = image.map((_, axis) => pads[axis] - first[axis] * dilations[axis]);
  if (begins.some((entry) => entry < 0)) return undefined;
  // What the last position reads beyond the image; a window that ends inside it needs no padding.
  const ends = image.map((size, axis) => {
    const read = (output[axis] - 1) * strides[axis] + dilations[axis] * (smaller[axis] - 1) + 1;
    return Math.max(0, read - begins[axis] - size);
  });
  return { first, last, geometry: { ...geometry, kernel: smaller, pads: [...begins, ...ends] } };
}

function isLive({ strides, dilations, pads, image, output }: ConvGeometry, axis: number, tap: number): boolean {
  for (let position = 0; position < output[axis]; position++) {
    const read = position * strides[axis] - pads[axis] + tap * dilations[axis];
    if (read >= 0 && read < image[axis]) return true;
  }
  return false;
}

function liveWeights({ g, once }: ConvContext, { first, last }: LiveTaps, w: string): string {
  return once(`live taps ${first} ${last} of ${w}`, () => {
    const axes = first.map((_, axis) => axis + 2);
    return slice(
      g,
      w,
      first,
      last.map((tap) => tap + 1),
      axes,
    );
  });
}
