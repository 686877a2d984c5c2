/** @file Operators whose indices are computed: Gather, ScatterElements, OneHot. Spec: the ONNX operators of the same names. */

import { isBig } from "../ir/element-types.js";
import { toNumbers } from "../ir/tensor.js";
import type { Node, Tensor } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit, normalizeAxis } from "./support/attributes.js";
import { allocate, flatten, forEachIndex, gathered, numbersOf, stridesOf } from "./support/values.js";

/** Converts an index that may count from the end to a position; refuses one outside the axis. */
function position(node: Node, index: number, size: number): number {
  const at = index < 0 ? index + size : index;
  if (!(at >= 0 && at < size))
    throw misfit(node, `index ${index} on an axis of ${size}`, `an index in [${-size}, ${size - 1}]`);
  return at;
}

/** Gather(x, indices): slices of x along `axis`, in the order and shape of the indices. */
export const Gather: OperatorDefinition = {
  op: "Gather",
  required: 2,
  integers: [1],
  defaults: { axis: 0 },
  infer({ node, inputs: [x, indices] }) {
    if (!x || !indices) throw misfit(node, "an input is missing", "x and indices");
    if (!x.shape || !indices.shape) return [{ dtype: x.dtype }];
    const axis = normalizeAxis(node, attributesOf(node, { axis: 0 }).axis, x.shape.length);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
  },
  evaluate(node, [x, indices]) {
    const axis = normalizeAxis(node, attributesOf(node, { axis: 0 }).axis, x!.shape.length);
    const at = toNumbers(indices!).map((index) => position(node, index, x!.shape[axis]!));
    const shape = [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)];
    const inner = x!.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const source = (_: readonly number[], flat: number) => {
      const [outer, rest] = [Math.floor(flat / (inner * at.length)), flat % (inner * at.length)];
      return (outer * x!.shape[axis]! + at[Math.floor(rest / inner)]!) * inner + (rest % inner);
    };
    return [gathered(x!, shape, source)];
  },
};

const combine: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

/**
 * ScatterElements(x, indices, updates): x with each update written at its own position, except along `axis`, where its index
 * says the position.
 */
export const ScatterElements: OperatorDefinition = {
  op: "ScatterElements",
  required: 3,
  integers: [1],
  defaults: { axis: 0, reduction: "none" },
  infer({ node, inputs: [x, indices, updates] }) {
    if (!x || !indices || !updates) throw misfit(node, "an input is missing", "x, indices and updates");
    if (indices.shape && updates.shape && indices.shape.length !== updates.shape.length)
      throw misfit(node, `indices of shape [${indices.shape}], updates [${updates.shape}]`, "equal shapes");
    return [x];
  },
  evaluate(node, inputs) {
    const [x, indices, updates] = inputs as readonly [Tensor, Tensor, Tensor];
    const { axis: given, reduction } = attributesOf(node, { axis: 0, reduction: "none" });
    const axis = normalizeAxis(node, given, x.shape.length);
    const apply = combine[reduction];
    if (!apply || (isBig(x.dtype) && reduction !== "none"))
      throw misfit(node, `reduction ${reduction} on ${x.dtype}`, "none, add, mul, max or min of floats");
    const data = x.data.slice();
    const strides = stridesOf(x.shape);
    const at = toNumbers(indices);
    const target = new Array<number>(x.shape.length);
    forEachIndex(indices.shape, (index, flat) => {
      for (let a = 0; a < index.length; a++) target[a] = index[a]!;
      target[axis] = position(node, at[flat]!, x.shape[axis]!);
      const to = flatten(target, strides);
      data[to] = isBig(x.dtype) ? updates.data[flat]! : apply(data[to] as number, updates.data[flat] as number);
    });
    return [{ dtype: x.dtype, shape: x.shape, data }];
  },
};

/** OneHot(indices, depth, [off, on]): a new axis of size `depth`, `on` at the index; an index outside leaves all off. */
export const OneHot: OperatorDefinition = {
  op: "OneHot",
  required: 3,
  defaults: { axis: -1 },
  infer({ node, inputs: [indices, , values], constant }) {
    if (!indices || !values) throw misfit(node, "an input is missing", "indices, depth and values");
    const depth = constant(1);
    if (!indices.shape) return [{ dtype: values.dtype }];
    const axis = normalizeAxis(node, attributesOf(node, { axis: -1 }).axis, indices.shape.length + 1);
    const size = depth ? toNumbers(depth)[0]! : `${node.name}.${axis}`;
    return [{ dtype: values.dtype, shape: [...indices.shape.slice(0, axis), size, ...indices.shape.slice(axis)] }];
  },
  evaluate(node, inputs) {
    const [indices, depth, values] = inputs as readonly [Tensor, Tensor, Tensor];
    const axis = normalizeAxis(node, attributesOf(node, { axis: -1 }).axis, indices.shape.length + 1);
    const size = toNumbers(depth)[0]!;
    const shape = [...indices.shape.slice(0, axis), size, ...indices.shape.slice(axis)];
    const strides = stridesOf(indices.shape);
    const at = numbersOf(indices);
    const data = allocate(
      values.dtype,
      shape.reduce((a, b) => a * b, 1),
    );
    forEachIndex(shape, (index, flat) => {
      const own = [...index.slice(0, axis), ...index.slice(axis + 1)];
      const hot = at[flatten(own, strides)]!;
      data[flat] = values.data[index[axis] === (hot < 0 ? hot + size : hot) ? 1 : 0]!;
    });
    return [{ dtype: values.dtype, shape, data }];
  },
};
