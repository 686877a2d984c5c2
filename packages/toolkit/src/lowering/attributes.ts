/** @file ONNX attributes of convolutions and pools as the engine states them. */

import type { Node } from "@subbyte/graph";
import { noIntegerForm } from "./refusal.js";

type Pair = readonly [number, number];
type Pads = readonly [number, number, number, number];

export const numbers = (node: Node, name: string, otherwise: readonly number[]): readonly number[] =>
  (node.attributes[name] as readonly number[] | undefined) ?? otherwise;

/** Explicit pads [top, left, bottom, right], with `auto_pad` resolved as the ONNX specification says. */
function resolvePads(node: Node, input: readonly number[], kernel: Pair, strides: Pair, dilations: Pair): Pads {
  const mode = (node.attributes.auto_pad as string | undefined) ?? "NOTSET";
  if (mode === "NOTSET") return numbers(node, "pads", [0, 0, 0, 0]) as Pads;
  if (mode === "VALID") return [0, 0, 0, 0];
  const total = [0, 1].map((axis) => {
    const size = input[axis + 1]!;
    const out = Math.ceil(size / strides[axis]!);
    return Math.max(0, (out - 1) * strides[axis]! + (kernel[axis]! - 1) * dilations[axis]! + 1 - size);
  }) as [number, number];
  const first = total.map((t) => (mode === "SAME_UPPER" ? Math.floor(t / 2) : Math.ceil(t / 2))) as [number, number];
  return [first[0], first[1], total[0] - first[0], total[1] - first[1]];
}

/** @param input `[C, H, W]`; @param weights `[O, I/groups, kh, kw]` */
export function convAttributes(node: Node, input: readonly number[], weights: readonly number[]) {
  if (weights.length !== 4)
    throw noIntegerForm(node, `the engine runs two-dimensional convolutions, found weights of shape [${weights}]`);
  const strides = numbers(node, "strides", [1, 1]) as Pair;
  const dilations = numbers(node, "dilations", [1, 1]) as Pair;
  const kernel: Pair = [weights[2]!, weights[3]!];
  return {
    strides,
    dilations,
    pads: resolvePads(node, input, kernel, strides, dilations),
    groups: Number(node.attributes.group ?? 1),
  };
}

/** Window of MaxPool, AveragePool and GlobalAveragePool over an input `[C, H, W]`. */
export function poolAttributes(node: Node, input: readonly number[]) {
  const kernel =
    node.op === "GlobalAveragePool" ? ([input[1]!, input[2]!] as const) : (numbers(node, "kernel_shape", []) as Pair);
  const strides = numbers(node, "strides", [1, 1]) as Pair;
  const dilations = numbers(node, "dilations", [1, 1]) as Pair;
  return { kernel, strides, pads: resolvePads(node, input, kernel, strides, dilations) };
}

/** A window as the engine states it. */
interface Pool {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly pads: Pads;
  readonly dilations?: Pair;
}

/**
 * ONNX's `ceil_mode` of a pool, which the engine states by the output's size alone: 1 where rounding down would give fewer windows.
 * @param input `[C, H, W]`; @param output `[C, H, W]`, or `[C]` of a single window
 */
export function ceilMode(pool: Pool, input: readonly number[], output: readonly number[]): 0 | 1 {
  return [0, 1].some((axis) => endOf(pool, axis, output) > input[axis + 1]! + pool.pads[axis + 2]!) ? 1 : 0;
}

/** The pads with which every window lies inside the padded image, even one that sticks out of it in `ceil_mode`. */
export function padsToLastWindow(pool: Pool, input: readonly number[], output: readonly number[]): Pads {
  const [top, left, bottom, right] = pool.pads;
  const needed = (axis: number) => endOf(pool, axis, output) - input[axis + 1]!;
  return [top, left, Math.max(bottom, needed(0)), Math.max(right, needed(1))];
}

/** Where the last window ends along an axis, counted from the first element of the image. */
function endOf({ kernel, strides, pads, dilations = [1, 1] }: Pool, axis: number, output: readonly number[]): number {
  const windows = output[axis + 1] ?? 1;
  return (windows - 1) * strides[axis]! - pads[axis]! + (kernel[axis]! - 1) * dilations[axis]! + 1;
}
