/**
 * @file Gradients of 1×1 convolutions as matrix products over channels.
 *
 *   many positions per image:  dX[n] = Wᵀ·dY[n],           dW = Σ_n dY[n]·X[n]ᵀ
 *   few:                       dX = Wᵀ·dY as [o, n·p],      dW = dY·Xᵀ as [o, n·p]·[n·p, c]
 *
 * With few positions, one product over the whole batch is worth the two transpositions. With a stride, X is the part of x that
 * is read; dX is put back in its places by padding. (With many positions, ConvTranspose does this faster.)
 */

import { type ConvContext, type ConvDecomposition, type ConvGeometry, channelsFirst, every } from "./convolution.js";
import { CONTRIB, pad, product, reshape, slice, transpose } from "./support.js";

/** Positions per image up to which dX is one product over the batch. */
const FEW_FOR_INPUT = 16;
/** Positions per image up to which dW is one product over the batch. */
const FEW_FOR_WEIGHT = 255;

export const pointwise: ConvDecomposition = {
  inputGradient(context, dy, w) {
    const { g, geometry } = context;
    if (!applies(geometry)) return undefined;
    const { channels, outputs, output, strides } = geometry;
    const positions = product(output);
    const matrix = reshape(g, w, [outputs, channels]);
    if (positions <= FEW_FOR_INPUT) {
      const flat = reshape(g, channelsFirst(context, dy), [outputs, -1]);
      const dx = reshape(g, g.op("Gemm", [matrix, flat], { transA: 1 }), [channels, -1, ...output]);
      return spread(context, transpose(g, dx, [1, 0, ...output.map((_, axis) => axis + 2)]));
    }
    if (!every(strides, 1)) return undefined;
    const flat = reshape(g, dy, [-1, outputs, positions]);
    return reshape(g, g.op("MatMul", [transpose(g, matrix, [1, 0]), flat]), [-1, channels, ...output]);
  },

  weightGradient(context, dy, x) {
    const { g, geometry } = context;
    if (!applies(geometry)) return undefined;
    const { channels, outputs, output, kernel } = geometry;
    const positions = product(output);
    const read = readPart(context, x);
    if (positions <= FEW_FOR_WEIGHT) {
      const left = reshape(g, channelsFirst(context, dy), [outputs, -1]);
      const right = reshape(g, channelsFirst(context, read), [channels, -1]);
      return reshape(g, g.op("Gemm", [left, right], { transB: 1 }), [outputs, channels, ...kernel]);
    }
    const left = reshape(g, dy, [-1, outputs, positions]);
    const right = reshape(g, read, [-1, channels, positions]);
    const each = g.op("FusedMatMul", [left, right], { transB: 1 }, CONTRIB);
    const sum = g.op("ReduceSum", [each, g.ints([0])], { keepdims: 0 });
    return reshape(g, sum, [outputs, channels, ...kernel]);
  },
};

const applies = ({ group, kernel, pads }: ConvGeometry): boolean => group === 1 && every(kernel, 1) && every(pads, 0);

/** The elements of x that are read with this stride, [n, c, …output]. */
function readPart({ g, geometry: { strides, image } }: ConvContext, x: string): string {
  if (every(strides, 1)) return x;
  const axes = image.map((_, axis) => axis + 2);
  return slice(
    g,
    x,
    image.map(() => 0),
    image,
    axes,
    strides,
  );
}

/** Puts [n, c, …output] back to the positions that a stride read, with zeros between: [n, c, …image]. */
function spread({ g, geometry }: ConvContext, value: string): string {
  const { strides, image, output, channels } = geometry;
  if (every(strides, 1)) return value;
  const cells = reshape(g, value, [-1, channels, ...output.flatMap((size) => [size, 1])]);
  const begins = [0, 0, ...output.flatMap(() => [0, 0])];
  const ends = [0, 0, ...strides.flatMap((stride) => [0, stride - 1])];
  const full = output.map((size, axis) => size * strides[axis]!);
  const padded = reshape(g, pad(g, cells, [...begins, ...ends]), [-1, channels, ...full]);
  if (full.every((size, axis) => size === image[axis])) return padded;
  const axes = image.map((_, axis) => axis + 2);
  return slice(
    g,
    padded,
    image.map(() => 0),
    image,
    axes,
  );
}
