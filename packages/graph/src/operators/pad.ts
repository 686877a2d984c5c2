/**
 * @file Pad: adds elements at both ends of the axes, or removes them if negative. Spec: ONNX `Pad`, opset 19.
 *
 * Inputs: x, pads (begins, then ends), the value (0 by default), axes (all by default). Modes constant, reflect, edge, wrap.
 */

import { toNumbers } from "../ir/tensor.js";
import type { Dim, Node, Tensor } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit, normalizeAxis } from "./support/attributes.js";
import { gathered, stridesOf } from "./support/values.js";

const defaults = { mode: "constant" };

/** The number of elements to add before and after the elements of each axis: `[before, after]`. */
function padsOf(node: Node, rank: number, pads: readonly number[], axes: readonly number[] | undefined) {
  const named = axes ?? Array.from({ length: rank }, (_, axis) => axis);
  if (pads.length !== 2 * named.length)
    throw misfit(node, `${pads.length} pads for ${named.length} axes`, "two for each axis");
  const result = Array.from({ length: rank }, (): readonly [number, number] => [0, 0]);
  named.forEach((axis, i) => {
    result[normalizeAxis(node, axis, rank)] = [pads[i]!, pads[i + named.length]!];
  });
  return result;
}

/** The position of the element that is copied to position i of a padded axis, or −1. */
function sourceOf(mode: string, i: number, size: number): number {
  if (i >= 0 && i < size) return i;
  if (mode === "edge") return i < 0 ? 0 : size - 1;
  if (mode === "wrap") return ((i % size) + size) % size;
  if (mode === "reflect") {
    if (size === 1) return 0;
    const period = 2 * (size - 1);
    const at = ((i % period) + period) % period;
    return at < size ? at : period - at;
  }
  return -1;
}

export const Pad: OperatorDefinition = {
  op: "Pad",
  required: 2,
  integers: [1, 3],
  defaults,

  infer({ node, inputs: [x], constant }) {
    if (!x) throw misfit(node, "no input", "x and pads");
    const [pads, axes] = [constant(1), constant(3)];
    if (!x.shape) return [{ dtype: x.dtype }];
    if (!pads || (node.inputs[3] && !axes))
      return [{ dtype: x.dtype, shape: x.shape.map((_, axis) => `${node.name}.${axis}`) }];
    const around = padsOf(node, x.shape.length, toNumbers(pads), axes && toNumbers(axes));
    const shape = x.shape.map((dim, axis): Dim => {
      const added = around[axis]![0] + around[axis]![1];
      return added === 0 ? dim : typeof dim === "number" ? dim + added : `${node.name}.${axis}`;
    });
    return [{ dtype: x.dtype, shape }];
  },

  evaluate(node, [x, pads, value, axes]) {
    const { mode } = attributesOf(node, defaults);
    if (!["constant", "reflect", "edge", "wrap"].includes(mode))
      throw misfit(node, `mode ${mode}`, "constant, reflect, edge or wrap");
    const around = padsOf(node, x!.shape.length, toNumbers(pads!), axes && toNumbers(axes));
    const shape = x!.shape.map((dim, axis) => dim + around[axis]![0] + around[axis]![1]);
    const strides = stridesOf(x!.shape);
    const from = (index: readonly number[]) => {
      let at = 0;
      for (let axis = 0; axis < index.length; axis++) {
        const source = sourceOf(mode, index[axis]! - around[axis]![0], x!.shape[axis]!);
        if (source < 0) return -1;
        at += source * strides[axis]!;
      }
      return at;
    };
    return [gathered(x!, shape, from, value?.data[0]) satisfies Tensor];
  },

  /** The part of dy that belongs to x. Padding with negated sizes crops what was added, and pads what was cropped. */
  gradient({ node, g, type, constant, outputGradients: [dy] }) {
    const { mode } = attributesOf(node, defaults);
    if (mode !== "constant") throw misfit(node, `mode ${mode} is differentiated`, "mode constant");
    const [pads, axes] = [1, 3].map((i) => (node.inputs[i] ? constant(node.inputs[i]) : undefined));
    if (!pads || (node.inputs[3] && !axes))
      throw misfit(node, "pads computed at run time", "constant pads to differentiate");
    const around = padsOf(node, type(node.inputs[0]!).shape!.length, toNumbers(pads), axes && toNumbers(axes));
    const turned = [0, 1].flatMap((side) => around.map((pair) => 0 - pair[side]!));
    return [g.op("Pad", [dy!, g.ints(turned)])];
  },
};
