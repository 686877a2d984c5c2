/** @file Operators that move elements without computing: Transpose, Concat, Split. Spec: the ONNX operators of the same names. */

import { toNumbers } from "../ir/tensor.js";
import type { Dim, Node, Tensor } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit, normalizeAxis } from "./support/attributes.js";
import { allocate, flatten, gathered, stridesOf } from "./support/values.js";

/** The permutation; without one the axes are reversed. */
export function permutation(node: Node, rank: number): readonly number[] {
  const { perm } = attributesOf(node, { perm: Array.from({ length: rank }, (_, axis) => rank - 1 - axis) });
  if (perm.length !== rank || new Set(perm).size !== rank || perm.some((axis) => !(axis >= 0 && axis < rank)))
    throw misfit(node, `perm is [${perm}] for ${rank} dimensions`, "each axis once");
  return perm;
}

export const Transpose: OperatorDefinition = {
  op: "Transpose",
  infer({ node, inputs: [x] }) {
    if (!x?.shape) return x ? [{ dtype: x.dtype }] : [];
    return [{ dtype: x.dtype, shape: permutation(node, x.shape.length).map((axis) => x.shape![axis]!) }];
  },
  evaluate(node, [x]) {
    const perm = permutation(node, x!.shape.length);
    const own = stridesOf(x!.shape);
    const strides = perm.map((axis) => own[axis]!);
    return [
      gathered(
        x!,
        perm.map((axis) => x!.shape[axis]!),
        (index) => flatten(index, strides),
      ),
    ];
  },
  gradient({ node, g, type, outputGradients: [dy] }) {
    const perm = permutation(node, type(node.inputs[0]!).shape!.length);
    return [g.op("Transpose", [dy!], { perm: perm.map((_, axis) => perm.indexOf(axis)) })];
  },
};

/** Concat along `axis`, which has no default; the other dimensions are equal. */
export const Concat: OperatorDefinition = {
  op: "Concat",
  infer({ node, inputs }) {
    const dtype = inputs[0]?.dtype;
    if (!dtype) throw misfit(node, "no input", "one or more");
    const shapes = inputs.map((input) => input?.shape);
    if (!shapes.every((shape) => shape !== undefined)) return [{ dtype }];
    const first = shapes[0]!;
    const axis = concatAxis(node, first.length);
    for (const shape of shapes)
      if (
        shape.length !== first.length ||
        shape.some((dim, a) => a !== axis && typeof dim === typeof first[a] && dim !== first[a])
      )
        throw misfit(node, `shapes ${shapes.map((s) => `[${s}]`).join(", ")}`, `equal dimensions but on axis ${axis}`);
    const sizes = shapes.map((shape) => shape[axis]!);
    const total: Dim = sizes.every((dim) => typeof dim === "number")
      ? sizes.reduce((sum, dim) => sum + dim, 0)
      : sizes.length === 1
        ? sizes[0]!
        : `${node.name}.${axis}`;
    return [{ dtype, shape: first.map((dim, a) => (a === axis ? total : dim)) }];
  },
  evaluate(node, inputs) {
    const tensors = inputs as readonly Tensor[];
    const first = tensors[0]!.shape;
    const axis = concatAxis(node, first.length);
    const shape = first.map((dim, a) => (a === axis ? tensors.reduce((sum, t) => sum + t.shape[axis]!, 0) : dim));
    const outer = first.slice(0, axis).reduce((a, b) => a * b, 1);
    const data = allocate(
      tensors[0]!.dtype,
      shape.reduce((a, b) => a * b, 1),
    ) as Float64Array;
    let at = 0;
    for (let o = 0; o < outer; o++)
      for (const tensor of tensors) {
        const run = tensor.data.length / outer;
        data.set((tensor.data as Float64Array).subarray(o * run, (o + 1) * run), at);
        at += run;
      }
    return [{ dtype: tensors[0]!.dtype, shape, data }];
  },
  /** Each input gets its slice of dy. */
  gradient({ node, g, type, outputGradients: [dy], needed }) {
    const axis = concatAxis(node, type(node.inputs[0]!).shape!.length);
    let start = 0;
    return node.inputs.map((input, i) => {
      const size = type(input).shape![axis]!;
      if (typeof size !== "number")
        throw misfit(node, `a part of symbolic size ${size}`, "fixed sizes to differentiate");
      const from = start;
      start += size;
      return needed[i] ? g.op("Slice", [dy!, g.ints([from]), g.ints([start]), g.ints([axis])]) : undefined;
    });
  },
};

function concatAxis(node: Node, rank: number): number {
  const { axis } = node.attributes;
  if (typeof axis !== "number") throw misfit(node, "no axis", "the attribute axis");
  return normalizeAxis(node, axis, rank);
}

/** Sizes of the parts: the given ones, or equal ones, of which the last may be smaller. */
function partSizes(node: Node, size: number, given: readonly number[] | undefined): readonly number[] {
  const parts = node.outputs.length;
  if (!given) {
    const chunk = Math.ceil(size / parts);
    return Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(chunk, size - i * chunk)));
  }
  if (given.length !== parts || given.reduce((a, b) => a + b, 0) !== size)
    throw misfit(
      node,
      `split [${given}] of ${size} elements into ${parts} outputs`,
      "one size per output, which add up to all elements",
    );
  return given;
}

export const Split: OperatorDefinition = {
  op: "Split",
  integers: [1],
  defaults: { axis: 0 },
  infer({ node, inputs: [x], constant }) {
    if (!x) throw misfit(node, "no input", "one");
    const given = constant(1);
    if (!x.shape || (node.inputs[1] && !given)) return node.outputs.map(() => ({ dtype: x.dtype }));
    const axis = normalizeAxis(node, attributesOf(node, { axis: 0 }).axis, x.shape.length);
    const size = x.shape[axis]!;
    if (typeof size !== "number") throw misfit(node, `the symbolic size ${size} on axis ${axis}`, "a fixed size");
    return partSizes(node, size, given && toNumbers(given)).map((part) => ({
      dtype: x.dtype,
      shape: x.shape!.map((dim, a) => (a === axis ? part : dim)),
    }));
  },
  evaluate(node, [x, given]) {
    const axis = normalizeAxis(node, attributesOf(node, { axis: 0 }).axis, x!.shape.length);
    const strides = stridesOf(x!.shape);
    let start = 0;
    return partSizes(node, x!.shape[axis]!, given && toNumbers(given)).map((part) => {
      const offset = start * strides[axis]!;
      start += part;
      return gathered(
        x!,
        x!.shape.map((dim, a) => (a === axis ? part : dim)),
        (index) => offset + flatten(index, strides),
      );
    });
  },
  /** Concatenates dy of the parts, with zeros for those that the loss does not read. */
  gradient({ node, g, type, outputGradients }) {
    const axis = normalizeAxis(node, attributesOf(node, { axis: 0 }).axis, type(node.inputs[0]!).shape!.length);
    const zeros = (output: string) => g.op("ConstantOfShape", [g.op("Shape", [output])]);
    const parts = node.outputs.map((output, i) => outputGradients[i] ?? zeros(output));
    return [g.op("Concat", parts, { axis }), undefined];
  },
};
