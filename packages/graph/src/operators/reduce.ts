/**
 * @file Reductions over axes: ReduceSum, ReduceMean, ReduceMax, ReduceMin, ReduceProd, ReduceSumSquare, ArgMax. Spec: the ONNX
 * operators of the same names, opset 18: axes are the second input; without them all axes are reduced.
 */

import { dimProduct } from "../ir/dims.js";
import { isBig } from "../ir/element-types.js";
import { elementCount, toNumbers } from "../ir/tensor.js";
import type { Dim, Node } from "../ir/types.js";
import type { GradientContext, OperatorDefinition } from "./definition.js";
import { attributesOf, misfit, normalizeAxis } from "./support/attributes.js";
import { flatten, forEachIndex, numbersOf, stridesOf, tensorOf } from "./support/values.js";

const defaults = { keepdims: 1, noop_with_empty_axes: 0 };

/** The reduced axes in order; `axes` undefined or empty means all, or none with noop_with_empty_axes. */
function reducedAxes(node: Node, rank: number, axes: readonly number[] | undefined): readonly number[] {
  if (axes && axes.length > 0) return axes.map((axis) => normalizeAxis(node, axis, rank)).sort((a, b) => a - b);
  return attributesOf(node, defaults).noop_with_empty_axes ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

const reducedShape = <T extends Dim>(shape: readonly T[], axes: readonly number[], keep: boolean): (T | 1)[] =>
  shape.flatMap((dim, axis): (T | 1)[] => {
    if (!axes.includes(axis)) return [dim];
    return keep ? [1] : [];
  });

interface Reduction {
  readonly start: number;
  readonly step: (sum: number, x: number) => number;
  readonly mean?: boolean;
  /** Builds dx from dy; both keep the reduced axes with size 1. */
  readonly gradient?: (context: GradientContext, dy: string, axes: readonly number[]) => string;
}

function reduction(op: string, { start, step, mean, gradient }: Reduction): OperatorDefinition {
  return {
    op,
    integers: [1],
    defaults,
    infer({ node, inputs: [x], constant }) {
      if (!x) throw misfit(node, "no input", "one");
      const axes = constant(1);
      if (!x.shape || (node.inputs[1] && !axes)) return [{ dtype: x.dtype }];
      const keep = attributesOf(node, defaults).keepdims === 1;
      const reduced = reducedAxes(node, x.shape.length, axes && toNumbers(axes));
      return [{ dtype: x.dtype, shape: reducedShape(x.shape, reduced, keep) }];
    },
    evaluate(node, [x, axes]) {
      const reduced = reducedAxes(node, x!.shape.length, axes && toNumbers(axes));
      const kept = reducedShape(x!.shape, reduced, true);
      const strides = stridesOf(kept).map((stride, axis) => (reduced.includes(axis) ? 0 : stride));
      const xs = numbersOf(x!);
      const result = new Float64Array(elementCount(kept)).fill(start);
      forEachIndex(x!.shape, (index, at) => {
        const to = flatten(index, strides);
        result[to] = step(result[to]!, xs[at]!);
      });
      const count = xs.length / result.length;
      const values = mean ? result.map((v) => (isBig(x!.dtype) ? Math.trunc(v / count) : v / count)) : result;
      const keep = attributesOf(node, defaults).keepdims === 1;
      return [tensorOf(x!.dtype, reducedShape(x!.shape, reduced, keep), values)];
    },
    ...(gradient
      ? {
          gradient(context) {
            const { node, g, type, constant, outputGradients } = context;
            const shape = type(node.inputs[0]!).shape!;
            const axes = node.inputs[1] ? constant(node.inputs[1]) : undefined;
            if (node.inputs[1] && !axes)
              throw misfit(node, "axes computed at run time", "constant axes to differentiate");
            const reduced = reducedAxes(node, shape.length, axes && toNumbers(axes));
            const keep = attributesOf(node, defaults).keepdims === 1;
            let dy = outputGradients[0]!;
            if (!keep && reduced.length > 0) dy = g.op("Unsqueeze", [dy, g.ints(reduced)]);
            return [gradient(context, dy, reduced), undefined];
          },
        }
      : {}),
  };
}

/** Repeats dy along the reduced axes. */
function spread({ node, g, type }: GradientContext, dy: string, axes: readonly number[]): string {
  const x = node.inputs[0]!;
  // Expand broadcasts both ways, so the other axes, the batch among them, may stay 1.
  const shape = type(x).shape!.map((dim, axis) => (axes.includes(axis) ? dim : 1));
  const target = shape.every((dim) => typeof dim === "number") ? g.ints(shape) : g.op("Shape", [x]);
  return g.op("Expand", [dy, target]);
}

/** 1 / (number of averaged elements): a constant if the shape is fixed. */
function share(context: GradientContext, dy: string, axes: readonly number[]): string {
  const { node, g, type } = context;
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  const count = dimProduct(type(x).shape!.filter((_, axis) => axes.includes(axis)));
  if (typeof count === "number") return g.op("Mul", [dy, g.scalar(1 / count)]);
  const elements = (value: string) => g.op("Cast", [g.op("Size", [value])], { to: 1 });
  return g.op("Div", [dy, g.op("Div", [elements(x), elements(y)])]);
}

export const reductions: readonly OperatorDefinition[] = [
  reduction("ReduceSum", { start: 0, step: (sum, x) => sum + x, gradient: spread }),
  reduction("ReduceMean", {
    start: 0,
    step: (sum, x) => sum + x,
    mean: true,
    gradient: (context, dy, axes) => spread(context, share(context, dy, axes), axes),
  }),
  reduction("ReduceSumSquare", {
    start: 0,
    step: (sum, x) => sum + x * x,
    gradient: ({ node, g }, dy) => g.op("Mul", [dy, g.op("Mul", [node.inputs[0]!, g.scalar(2)])]),
  }),
  reduction("ReduceMax", { start: Number.NEGATIVE_INFINITY, step: (sum, x) => Math.max(sum, x) }),
  reduction("ReduceMin", { start: Number.POSITIVE_INFINITY, step: (sum, x) => Math.min(sum, x) }),
  reduction("ReduceProd", { start: 1, step: (sum, x) => sum * x }),
];

const argDefaults = { axis: 0, keepdims: 1, select_last_index: 0 };

/** ArgMax: the index of the largest element along one axis (int64), of equal ones the first unless select_last_index. */
export const ArgMax: OperatorDefinition = {
  op: "ArgMax",
  defaults: argDefaults,
  infer({ node, inputs: [x] }) {
    if (!x?.shape) return [{ dtype: "int64" }];
    const { axis, keepdims } = attributesOf(node, argDefaults);
    const reduced = normalizeAxis(node, axis, x.shape.length);
    return [{ dtype: "int64", shape: reducedShape(x.shape, [reduced], keepdims === 1) }];
  },
  evaluate(node, [x]) {
    const { axis, keepdims, select_last_index } = attributesOf(node, argDefaults);
    const reduced = normalizeAxis(node, axis, x!.shape.length);
    const kept = reducedShape(x!.shape, [reduced], true);
    const strides = stridesOf(kept).map((stride, a) => (a === reduced ? 0 : stride));
    const xs = numbersOf(x!);
    const best = new Float64Array(elementCount(kept)).fill(Number.NEGATIVE_INFINITY);
    const winners = new BigInt64Array(best.length);
    forEachIndex(x!.shape, (index, at) => {
      const to = flatten(index, strides);
      if (!(xs[at]! > best[to]! || (select_last_index && xs[at] === best[to]))) return;
      best[to] = xs[at]!;
      winners[to] = BigInt(index[reduced]!);
    });
    return [{ dtype: "int64", shape: reducedShape(x!.shape, [reduced], keepdims === 1), data: winners }];
  },
};
