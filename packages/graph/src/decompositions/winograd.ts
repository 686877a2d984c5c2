/**
 * @file 3×3 convolutions and both their gradients by minimal filtering, as matrix products over the whole batch.
 *
 * With the matrices of `bilinear-algorithm.ts` for height and width, P = products of both, T = tiles of both:
 *
 *   V = B·x  [P, T·n, c]      U = G·w  [P, o, c]      M = V·Uᵀ  [P, T·n, o]      y = Aᵀ·M
 *   D = A·dy [P, T·n, o]      dx = Bᵀ·(D·U)           dw = Gᵀ·(Dᵀ·V)
 *
 * V, U and D are each computed once and serve two of the three. There is no unfolding, no transposition and no turned
 * kernel. The transforms are products with constant matrices, in one of two forms:
 *
 * - dense: one matrix [P·T, h·w] for the image, the least passes over memory, for small images;
 * - separable: one for the rows, then one for the columns. The tiles of the height stay an axis of their own,
 *   V [Ph, Th, Pw, Tw·n, c], over which U is broadcast and dU summed.
 *
 * Exact in real arithmetic. In float32 the largest error, relative to the largest result, is a few 1e-6 (a direct
 * convolution: some 1e-7).
 * Lavin and Gray 2015, arXiv:1509.09308; gradients in the transformed domain: the transposition principle, §3 there.
 */

import { float32 } from "../ir/tensor.js";
import {
  type BilinearAlgorithm,
  correlation3,
  imageTransform,
  kronecker,
  type LineTransform,
  type Matrix,
} from "./bilinear-algorithm.js";
import { type ConvContext, type ConvDecomposition, type ConvGeometry, every } from "./convolution.js";
import { CONTRIB, product, reshape } from "./support.js";

export const winograd: ConvDecomposition = {
  forward(context, x, w) {
    const plan = planFor(context.geometry);
    if (!plan) return undefined;
    const { channels, outputs } = context.geometry;
    const v = transformed(context, plan, "input", x, channels);
    const m = context.g.op("FusedMatMul", [v, transformedWeights(context, plan, w)], { transB: 1 }, CONTRIB);
    return restored(context, plan, "output", m, outputs);
  },
  inputGradient(context, dy, w) {
    const plan = planFor(context.geometry);
    if (!plan) return undefined;
    const { channels, outputs } = context.geometry;
    const d = transformed(context, plan, "output", dy, outputs);
    return restored(
      context,
      plan,
      "input",
      context.g.op("MatMul", [d, transformedWeights(context, plan, w)]),
      channels,
    );
  },
  weightGradient(context, dy, x) {
    const { g, geometry } = context;
    const plan = planFor(geometry);
    if (!plan) return undefined;
    const { channels, outputs, kernel } = geometry;
    const d = transformed(context, plan, "output", dy, outputs);
    const v = transformed(context, plan, "input", x, channels);
    let du = g.op("FusedMatMul", [d, v], { transA: 1 }, CONTRIB);
    if (!plan.dense) du = g.op("ReduceSum", [du, g.ints([1])], { keepdims: 0 });
    const flat = reshape(g, du, [plan.height.products * plan.width.products, outputs * channels]);
    const dw = g.op("Gemm", [flat, filterMatrix(context, plan)], { transA: 1 });
    return reshape(g, dw, [outputs, channels, ...kernel]);
  },
};

interface Plan {
  readonly height: BilinearAlgorithm;
  readonly width: BilinearAlgorithm;
  readonly dense: boolean;
  /** A prefix for the names of this plan's matrices among the shared values. */
  readonly key: string;
}

/** Chooses the transform: B for images of the input's size, A for images of the output's size. */
type Side = "input" | "output";

/**
 * Factor between the cost that the model below predicts and the measured one, relative to a direct convolution. The separable
 * form is slower than predicted, because it has smaller products and its dU has to be summed. It was measured with 16…512
 * channels and 2…56 rows; with this factor, the model predicts correctly which is faster.
 */
const SEPARABLE_OVERHEAD = 1.3;
/**
 * With stride 2, nine products save fewer than half of the multiplications. Gains were measured up to this number of positions.
 */
const MOST_POSITIONS_OF_STRIDE_2 = 16;
/** Largest predicted cost, relative to direct convolutions, at which the transforms are worth their memory. */
const WORTHWHILE = 0.9;

/** Returns undefined for other geometries, and if direct convolutions are about as fast. */
function planFor(geometry: ConvGeometry): Plan | undefined {
  const { kernel, strides, dilations, pads, group, image, output, channels, outputs } = geometry;
  const fits =
    kernel.length === 2 &&
    every(kernel, 3) &&
    every(dilations, 1) &&
    every(pads.slice(0, 2), 1) &&
    (every(strides, 1) || (every(strides, 2) && product(output) <= MOST_POSITIONS_OF_STRIDE_2)) &&
    group === 1;
  if (!fits) return undefined;
  const line = (axis: 0 | 1) => correlation3(image[axis]!, output[axis]!, strides[axis] as 1 | 2);
  const [height, width] = [line(0), line(1)];

  // Multiplications for each image of forward pass and both gradients.
  const products = 3 * height.input.rows * width.input.rows * channels * outputs;
  const transforms = (cost: (side: Side) => number) => 2 * channels * cost("input") + 2 * outputs * cost("output");
  const dense = products + transforms((side) => denseCost(height[side], width[side]));
  const separable = SEPARABLE_OVERHEAD * (products + transforms((side) => separableCost(height[side], width[side])));
  const direct = 3 * product(kernel) * product(output) * channels * outputs;
  if (Math.min(dense, separable) > WORTHWHILE * direct) return undefined;
  return { height, width, dense: dense <= separable, key: `${image}/${output}/${strides}` };
}

const denseCost = (height: Matrix, width: Matrix): number => height.rows * width.rows * height.columns * width.columns;

const separableCost = (height: Matrix, width: Matrix): number =>
  width.rows * width.columns * height.columns + height.rows * height.columns * width.rows;

const line = ({ products, tiles, ...sides }: BilinearAlgorithm, side: Side): LineTransform => ({
  products,
  tiles,
  transform: sides[side],
});

const constant = ({ g, once }: ConvContext, key: string, make: () => Matrix): string =>
  once(key, () => {
    const { rows, columns, data } = make();
    return g.constant(float32(Float32Array.from(data), [rows, columns]));
  });

const denseMatrix = (context: ConvContext, { height, width, key }: Plan, side: Side): string =>
  constant(context, `winograd ${side} ${key}`, () => imageTransform(line(height, side), line(width, side)));

const lineMatrix = (context: ConvContext, { key, ...plan }: Plan, axis: "height" | "width", side: Side): string =>
  constant(context, `winograd ${side} ${axis} ${key}`, () => plan[axis][side]);

const filterMatrix = (context: ConvContext, { height, width, key }: Plan): string =>
  constant(context, `winograd filter ${key}`, () => kronecker(height.filter, width.filter));

/** An image [n, c, h, w] into the domain of products: [P, T·n, c], or [Ph, Th, Pw, Tw·n, c]. */
function transformed(context: ConvContext, plan: Plan, side: Side, value: string, channels: number): string {
  const { g, once } = context;
  const { height, width } = plan;
  const [rows, columns] = [height[side].columns, width[side].columns];
  return once(`winograd ${side} ${plan.key} of ${value}`, () => {
    if (plan.dense) {
      const flat = reshape(g, value, [-1, rows * columns]);
      const v = g.op("Gemm", [denseMatrix(context, plan, side), flat], { transB: 1 });
      return reshape(g, v, [height.products * width.products, -1, channels]);
    }
    const lines = reshape(g, value, [-1, columns]);
    const wide = g.op("Gemm", [lineMatrix(context, plan, "width", side), lines], { transB: 1 });
    const v = g.op("Gemm", [lineMatrix(context, plan, "height", side), reshape(g, wide, [-1, rows])], { transB: 1 });
    return reshape(g, v, [height.products, height.tiles, width.products, -1, channels]);
  });
}

/** The transpose of `transformed`: back to images [n, c, h, w]. */
function restored(context: ConvContext, plan: Plan, side: Side, value: string, channels: number): string {
  const { g } = context;
  const { height, width } = plan;
  const [rows, columns] = [height[side].columns, width[side].columns];
  const shape = [-1, channels, rows, columns];
  if (plan.dense) {
    const flat = reshape(g, value, [height[side].rows * width[side].rows, -1]);
    return reshape(g, g.op("Gemm", [flat, denseMatrix(context, plan, side)], { transA: 1 }), shape);
  }
  const tall = reshape(g, value, [height[side].rows, -1]);
  const lines = g.op("Gemm", [tall, lineMatrix(context, plan, "height", side)], { transA: 1 });
  const wide = reshape(g, lines, [width[side].rows, -1]);
  return reshape(g, g.op("Gemm", [wide, lineMatrix(context, plan, "width", side)], { transA: 1 }), shape);
}

/** U: [P, o, c], or [Ph, 1, Pw, o, c]. */
function transformedWeights(context: ConvContext, plan: Plan, w: string): string {
  const { g, once, geometry } = context;
  const { height, width, dense } = plan;
  return once(`winograd filter ${plan.key} of ${w}`, () => {
    const u = g.op("Gemm", [filterMatrix(context, plan), reshape(g, w, [-1, product(geometry.kernel)])], { transB: 1 });
    const products = dense ? [height.products * width.products] : [height.products, 1, width.products];
    return reshape(g, u, [...products, geometry.outputs, geometry.channels]);
  });
}
