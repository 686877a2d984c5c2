/** @file The effect of ONNX's Slice, Pad and Transpose on `[C, H, W]` or `[C]`, without the batch dimension. */

import type { Node } from "@subbyte/graph";
import { channelsLast } from "./layers.js";
import { noTfliteForm } from "./refusal.js";

/** A constant input of the node as numbers, if it has this input. */
type Constant = (input: number) => readonly number[] | undefined;

/**
 * The first position along each axis, and the distance between positions.
 * @param sizes of the input
 */
export function sliceOf(node: Node, sizes: readonly number[], constant: Constant) {
  const starts = constant(1)!;
  const axes = constant(3) ?? starts.map((_, i) => i);
  const given = constant(4) ?? starts.map(() => 1);
  const [begin, steps] = [sizes.map(() => 0), sizes.map(() => 1)];
  axes.forEach((named, i) => {
    const axis = (named < 0 ? named + sizes.length + 1 : named) - 1;
    if (axis < 0 || given[i]! < 1) throw noTfliteForm(node.op, node.name, "it slices the batch, or backwards.");
    const [size, start] = [sizes[axis]!, starts[i]!];
    begin[axis] = Math.min(size, Math.max(0, start < 0 ? start + size : start));
    steps[axis] = given[i]!;
  });
  return { begin, steps };
}

/**
 * Elements that are added before and after each axis.
 * @param axes number of axes of the input
 */
export function padsOf(node: Node, axes: number, constant: Constant) {
  const { mode = "constant" } = node.attributes;
  const fill = constant(2)?.[0] ?? 0;
  if (mode !== "constant" || fill !== 0)
    throw noTfliteForm(node.op, node.name, `it pads in mode "${mode}" with ${fill}, not with zeros.`);
  const rank = axes + 1;
  const pads = constant(1)!;
  const named = constant(3) ?? Array.from({ length: rank }, (_, axis) => axis);
  const [before, after] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
  named.forEach((each, i) => {
    const axis = each < 0 ? each + rank : each;
    [before[axis], after[axis]] = [pads[i]!, pads[i + named.length]!];
  });
  if (before[0] !== 0 || after[0] !== 0 || [...before, ...after].some((n) => n < 0))
    throw noTfliteForm(node.op, node.name, `it pads the batch or removes elements (pads [${pads}]).`);
  return { before: before.slice(1), after: after.slice(1) };
}

/** The permutation of the axes of `[1, H, W, C]` that has the same effect as the node has on `[N, C, H, W]`. */
export function transposedAxes(node: Node): number[] {
  const perm = node.attributes.perm as readonly number[] | undefined;
  if (perm?.[0] !== 0) throw noTfliteForm(node.op, node.name, "it moves the batch axis.");
  return tensorAxes(perm.slice(1).map((axis) => axis - 1));
}

/** Converts axes of `[C, H, W]` to those of `[1, H, W, C]`, where they are 3, 1 and 2. */
export function tensorAxes(permutation: readonly number[]): number[] {
  const place = permutation.length === 3 ? [3, 1, 2] : [1];
  return channelsLast(
    permutation.map((axis) => place[axis]!),
    0,
  );
}
