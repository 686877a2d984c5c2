/** @file ONNX multidirectional broadcasting: shapes, element positions, and the sums that gradients need. */

import type { GraphBuilder } from "../../ir/builder.js";
import type { Dim, Node } from "../../ir/types.js";
import { misfit } from "./attributes.js";
import { stridesOf } from "./values.js";

/** The common shape. A number other than 1 wins over a symbol; two different symbols, or numbers, do not fit. */
export function broadcastShapes(node: Node, shapes: readonly (readonly Dim[])[]): Dim[] {
  const rank = shapes.reduce((most, shape) => Math.max(most, shape.length), 0);
  const result = new Array<Dim>(rank).fill(1);
  for (const shape of shapes) {
    shape.forEach((dim, i) => {
      const axis = rank - shape.length + i;
      const sofar = result[axis]!;
      if (dim === 1 || dim === sofar) return;
      if (sofar === 1 || (typeof sofar === "string" && typeof dim === "number")) result[axis] = dim;
      else if (typeof sofar === typeof dim)
        throw misfit(
          node,
          `shapes ${shapes.map((s) => `[${s.join(",")}]`).join(" and ")} differ on axis ${axis - rank}`,
          "equal dimensions, or 1",
        );
    });
  }
  return result;
}

/** Strides of an operand of `shape` for the indices of `target`: 0 on broadcast axes. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const own = stridesOf(shape);
  return target.map((_, axis) => {
    const at = axis - (target.length - shape.length);
    return at < 0 || shape[at] === 1 ? 0 : own[at]!;
  });
}

/**
 * Sums `gradient`, of shape `from`, down to the shape `to` that was broadcast to it.
 * Returns the value itself if nothing was broadcast.
 */
export function reduceToShape(g: GraphBuilder, gradient: string, from: readonly Dim[], to: readonly Dim[]): string {
  const lead = from.length - to.length;
  const extra = Array.from({ length: lead }, (_, axis) => axis);
  const stretched = to.flatMap((dim, i) => (dim === 1 && from[lead + i] !== 1 ? [lead + i] : []));
  let value = gradient;
  if (stretched.length > 0) value = g.op("ReduceSum", [value, g.ints(stretched)], { keepdims: 1 });
  if (extra.length > 0) value = g.op("ReduceSum", [value, g.ints(extra)], { keepdims: 0 });
  return value;
}
