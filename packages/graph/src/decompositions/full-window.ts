/**
 * @file A convolution whose output is a single position is a matrix product.
 *
 *   X [n, c·k], the part of x under the kernel;  W [o, c·k]
 *   Y = X·Wᵀ,   dX = dY·W,   dW = dYᵀ·X
 *
 * Runtimes convolve image by image, which is here a product with a vector, and read all weights again for each image.
 */

import { type ConvContext, type ConvDecomposition, type ConvGeometry, every } from "./convolution.js";
import { pad, product, reshape, slice } from "./support.js";

export const fullWindow: ConvDecomposition = {
  forward(context, x, w) {
    const { g, geometry } = context;
    if (!applies(geometry)) return undefined;
    const y = g.op("Gemm", [window(context, x), flatWeights(context, w)], { transB: 1 });
    return reshape(g, y, [-1, geometry.outputs, ...geometry.output]);
  },
  inputGradient(context, dy, w) {
    const { g, geometry } = context;
    if (!applies(geometry)) return undefined;
    const dx = g.op("Gemm", [flatOutput(context, dy), flatWeights(context, w)]);
    const unread = geometry.image.map((size, axis) => size - geometry.kernel[axis]!);
    return pad(g, reshape(g, dx, [-1, geometry.channels, ...geometry.kernel]), [
      0,
      0,
      ...unread.map(() => 0),
      0,
      0,
      ...unread,
    ]);
  },
  weightGradient(context, dy, x) {
    const { g, geometry } = context;
    if (!applies(geometry)) return undefined;
    const dw = g.op("Gemm", [flatOutput(context, dy), window(context, x)], { transA: 1 });
    return reshape(g, dw, [geometry.outputs, geometry.channels, ...geometry.kernel]);
  },
};

const applies = ({ group, output, pads, dilations }: ConvGeometry): boolean =>
  group === 1 && every(output, 1) && every(pads, 0) && every(dilations, 1);

/** The part of x under the kernel, [n, c·k]. */
function window({ g, once, geometry: { channels, kernel, image } }: ConvContext, x: string): string {
  return once(`window ${kernel} of ${x}`, () => {
    const axes = kernel.map((_, axis) => axis + 2);
    const whole = kernel.every((size, axis) => size === image[axis]);
    const read = whole ? x : slice(g, x, new Array(kernel.length).fill(0), kernel, axes);
    return reshape(g, read, [-1, channels * product(kernel)]);
  });
}

/** The weights as a matrix, [o, c·k]. */
const flatWeights = ({ g, once, geometry }: ConvContext, w: string): string =>
  once(`flat weights of ${w}`, () => reshape(g, w, [geometry.outputs, geometry.channels * product(geometry.kernel)]));

/** dy as a matrix, [n, o]. */
const flatOutput = ({ g, once, geometry }: ConvContext, dy: string): string =>
  once(`flat gradient of ${dy}`, () => reshape(g, dy, [-1, geometry.outputs]));
