/** @file Operators that only move codes: the output has the input's scale, zero point and bit width. */

import type { Operator, TensorId } from "@subbyte/engine";
import { type Node, toNumbers } from "@subbyte/graph";
import { integerForm } from "../integer-form.js";
import type { Lowering } from "../lowering.js";
import { unclamped } from "../pending.js";
import { noIntegerForm } from "../refusal.js";

/** Adds the output tensor and the operator that `make` describes. */
export function moveCodes(
  lowering: Lowering,
  node: Node,
  make: (name: string, input: TensorId, output: TensorId) => Operator,
): void {
  const input = lowering.codes(node.inputs[0]!, node);
  const name = node.outputs[0]!;
  const output = lowering.addTensorLike(name, lowering.shape(name), lowering.tensors[input]!);
  lowering.operators.push(make(node.name, input, output));
  lowering.set(name, { kind: "stored", tensor: output, clamp: unclamped });
}

function integers(lowering: Lowering, node: Node, index: number): readonly number[] | undefined {
  const value = node.inputs[index];
  if (!value) return undefined;
  const tensor = lowering.graph.tensors.get(value);
  if (!tensor) throw noIntegerForm(node, `input "${value}" must be a constant`);
  return toNumbers(tensor);
}

/** Flatten. The batch stays in front: shape inference has checked that the elements of one image stay together. */
export const flatten = integerForm({
  role: "mover",
  makes: ["reshape"],
  lower: (lowering, node) =>
    moveCodes(lowering, node, (name, input, output) => ({ op: "reshape", name, input, output })),
});

export const transpose = integerForm({ role: "mover", makes: ["transpose"], lower: lowerTranspose });

function lowerTranspose(lowering: Lowering, node: Node): void {
  const order = node.attributes.perm as readonly number[] | undefined;
  if (order?.[0] !== 0) throw noIntegerForm(node, `the batch axis must stay in front, found perm [${order ?? ""}]`);
  const permutation = order.slice(1).map((axis) => axis - 1);
  moveCodes(lowering, node, (name, input, output) => ({ op: "transpose", name, input, output, permutation }));
}

export const slice = integerForm({ role: "mover", makes: ["slice"], lower: lowerSlice });

function lowerSlice(lowering: Lowering, node: Node): void {
  const sizes = lowering.tensors[lowering.codes(node.inputs[0]!, node)]!.shape;
  const starts = integers(lowering, node, 1) ?? [];
  const axes = integers(lowering, node, 3) ?? starts.map((_, i) => i);
  const steps = integers(lowering, node, 4) ?? starts.map(() => 1);
  const from = sizes.map(() => 0);
  const by = sizes.map(() => 1);
  axes.forEach((given, i) => {
    const axis = (given < 0 ? given + sizes.length + 1 : given) - 1;
    if (axis < 0 || steps[i]! < 1)
      throw noIntegerForm(
        node,
        `the engine slices forward and not along the batch, found axis ${given} with step ${steps[i]}`,
      );
    const size = sizes[axis]!;
    const start = starts[i]!;
    from[axis] = Math.min(size, Math.max(0, start < 0 ? start + size : start));
    by[axis] = steps[i]!;
  });
  moveCodes(lowering, node, (name, input, output) => ({ op: "slice", name, input, output, starts: from, steps: by }));
}

export const pad = integerForm({ role: "mover", makes: ["pad"], lower: lowerPad });

function lowerPad(lowering: Lowering, node: Node): void {
  const mode = node.attributes.mode ?? "constant";
  const fill = node.inputs[2] ? lowering.constant(node.inputs[2])[0] : 0;
  if (mode !== "constant" || fill !== 0)
    throw noIntegerForm(node, `the engine pads with zeros, found mode "${mode}" and value ${fill}`);
  const pads = integers(lowering, node, 1)!;
  const rank = lowering.tensors[lowering.codes(node.inputs[0]!, node)]!.shape.length + 1;
  const axes = integers(lowering, node, 3) ?? Array.from({ length: rank }, (_, i) => i);
  const before = new Array<number>(rank).fill(0);
  const after = new Array<number>(rank).fill(0);
  axes.forEach((axis, i) => {
    before[axis < 0 ? axis + rank : axis] = pads[i]!;
    after[axis < 0 ? axis + rank : axis] = pads[i + axes.length]!;
  });
  if (before[0] !== 0 || after[0] !== 0 || [...before, ...after].some((n) => n < 0))
    throw noIntegerForm(node, `the engine only adds elements, and not along the batch, found pads [${pads}]`);
  moveCodes(lowering, node, (name, input, output) => ({
    op: "pad",
    name,
    input,
    output,
    before: before.slice(1),
    after: after.slice(1),
  }));
}
