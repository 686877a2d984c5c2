/** @file Converts ONNX attributes of convolutions and pools to the engine's form. */

import { type Node, windowOf } from "@subbyte/graph";
import { noIntegerForm } from "./refusal.js";

type Pair = readonly [number, number];
type Pads = readonly [number, number, number, number];

/** A window over two spatial axes; `auto_pad` is resolved. */
interface Window2d {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pads: Pads;
}

export const numbers = (node: Node, name: string, otherwise: readonly number[]): readonly number[] =>
  (node.attributes[name] as readonly number[] | undefined) ?? otherwise;

/** @param input `[C, H, W]`; @param weights `[O, I/groups, kh, kw]` */
export function convAttributes(node: Node, input: readonly number[], weights: readonly number[]) {
  if (weights.length !== 4)
    throw noIntegerForm(node, `the engine runs two-dimensional convolutions, found weights of shape [${weights}]`);
  const { strides, dilations, pads } = windowOf(node, weights.slice(2), input.slice(1)) as Window2d;
  return { strides, dilations, pads, groups: Number(node.attributes.group ?? 1) };
}

/** Window of MaxPool, AveragePool and GlobalAveragePool over an input `[C, H, W]`. */
export function poolAttributes(node: Node, input: readonly number[]) {
  const image = input.slice(1);
  const { kernel, strides, pads } = windowOf(
    node,
    node.op === "GlobalAveragePool" ? image : numbers(node, "kernel_shape", []),
    image,
  ) as Window2d;
  return { kernel, strides, pads };
}

/** A window in the form that the engine takes. */
interface Pool {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly pads: Pads;
  readonly dilations?: Pair;
}

/**
 * ONNX's `ceil_mode` of a pool, which the engine derives from the output's size: 1 if rounding down would give fewer windows.
 * @param input `[C, H, W]`; @param output `[C, H, W]`, or `[C]` for a single window
 */
export function ceilMode(pool: Pool, input: readonly number[], output: readonly number[]): 0 | 1 {
  return [0, 1].some((axis) => endOf(pool, axis, output) > input[axis + 1]! + pool.pads[axis + 2]!) ? 1 : 0;
}

/** Pads that are large enough for every window, even for one that extends beyond the padded image because of `ceil_mode`. */
export function padsToLastWindow(pool: Pool, input: readonly number[], output: readonly number[]): Pads {
  const [top, left, bottom, right] = pool.pads;
  const needed = (axis: number) => endOf(pool, axis, output) - input[axis + 1]!;
  return [top, left, Math.max(bottom, needed(0)), Math.max(right, needed(1))];
}

/** The end of the last window along an axis, counted from the first element of the image. */
function endOf({ kernel, strides, pads, dilations = [1, 1] }: Pool, axis: number, output: readonly number[]): number {
  const windows = output[axis + 1] ?? 1;
  return (windows - 1) * strides[axis]! - pads[axis]! + (kernel[axis]! - 1) * dilations[axis]! + 1;
}
