/** @file Small building blocks that several decompositions use. */

import type { GraphBuilder } from "../ir/builder.js";
import type { DecompositionContext } from "./decomposition.js";

export const CONTRIB = { domain: "com.microsoft" };

/** Reshape to `shape`; one entry may be -1, for the batch that is only known when the graph runs. */
export const reshape = (g: GraphBuilder, value: string, shape: readonly number[]): string =>
  g.op("Reshape", [value, g.ints(shape)]);

export const transpose = (g: GraphBuilder, value: string, perm: readonly number[]): string =>
  g.op("Transpose", [value], { perm });

/** `value[…, start:end:step, …]` on the given axes. */
export const slice = (
  g: GraphBuilder,
  value: string,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[],
  steps?: readonly number[],
): string => g.op("Slice", [value, g.ints(starts), g.ints(ends), g.ints(axes), ...(steps ? [g.ints(steps)] : [])]);

/** Pads `value` with zeros. `pads` has the sizes at the beginning of each axis, then those at the end. */
export const pad = (g: GraphBuilder, value: string, pads: readonly number[]): string =>
  pads.some((entry) => entry !== 0) ? g.op("Pad", [value, g.ints(pads)]) : value;

export const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** The number of images in a batch as a float32 scalar: a constant, or, if the batch is symbolic, computed by the graph. */
export function batchSize({ g, type, once }: DecompositionContext, value: string): string {
  const batch = type(value).shape![0];
  return once(`batch ${batch}`, () => {
    if (typeof batch === "number") return g.scalar(batch);
    const length = g.op("Shape", [value], { start: 0, end: 1 });
    return g.op("Cast", [g.op("Squeeze", [length])], { to: 1 });
  });
}
