/**
 * @file Drops rows and columns of a kernel that only ever read padding.
 *
 *   y = Conv(x, w; pads)      =  Conv(x, w[live]; smaller pads)
 *   dw[live] = ConvWeightGradient of the smaller convolution,  0 elsewhere
 *
 * Deep layers on small images have many of them. With a padding of 1, a 3×3 kernel on a 1×1 image is a 1×1 kernel with
 * a ninth of the multiplications; with stride 2 on a 2×2 image, it is a 2×2 kernel.
 */

import { float32 } from "../ir/tensor.js";
import { type LiveTaps, liveTaps } from "../operators/support/live-taps.js";
import { flatten, forEachIndex, stridesOf } from "../operators/support/values.js";
import type { ConvContext, ConvDecomposition, ConvGeometry } from "./convolution.js";
import { product, reshape, slice } from "./support.js";

export const deadTaps: ConvDecomposition = {
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
function placement({ g, once, geometry }: ConvContext, { first, last, window: { kernel: live } }: LiveTaps): string {
  return once(`placement ${first} ${last} ${geometry.kernel}`, () => {
    const columns = product(geometry.kernel);
    const data = new Float32Array(product(live) * columns);
    const strides = stridesOf(geometry.kernel);
    forEachIndex(live, (tap, row) => {
      const place = tap.map((at, axis) => at + first[axis]!);
      data[row * columns + flatten(place, strides)] = 1;
    });
    return g.constant(float32(data, [product(live), columns]));
  });
}

/** The smaller convolution, or undefined if there is none. */
function reduce(geometry: ConvGeometry): (LiveTaps & { readonly geometry: ConvGeometry }) | undefined {
  const live = liveTaps(geometry, geometry.image, geometry.output);
  return live && { ...live, geometry: { ...geometry, ...live.window } };
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
