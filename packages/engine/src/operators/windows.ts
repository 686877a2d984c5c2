/** @file Windows of convolution and pooling along one axis: their number, and which taps lie inside the image. */

import type { CheckContext } from "./definition.js";

/** Largest padding on one side. No network has more, and a small file could otherwise ask for much memory. */
export const maxPadding = 1024;

export interface Axis {
  /** Number of elements of the input along the axis. */
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly before: number;
  readonly after: number;
  readonly dilation: number;
}

/** The two axes of a windowed operator, vertical first. */
export function axesOf(
  shape: readonly number[],
  kernel: readonly number[],
  op: {
    readonly strides: readonly [number, number];
    readonly pads: readonly [number, number, number, number];
    readonly dilations?: readonly [number, number];
  },
): readonly [Axis, Axis] {
  const axis = (i: 0 | 1): Axis => ({
    size: shape[1 + i]!,
    kernel: kernel[i]!,
    stride: op.strides[i],
    before: op.pads[i],
    after: op.pads[2 + i]!,
    dilation: op.dilations?.[i] ?? 1,
  });
  return [axis(0), axis(1)];
}

/** Elements from the first to the last tap of a window, both included. */
export const extent = ({ kernel, dilation }: Axis): number => (kernel - 1) * dilation + 1;

/** Number of windows: ⌊(size + pads − extent) / stride⌋ + 1, as in ONNX; less than 1 if no window fits. */
export function windowCount(axis: Axis): number {
  return Math.floor((axis.size + axis.before + axis.after - extent(axis)) / axis.stride) + 1;
}

/** The taps of window i that lie inside the image, `[first, end)`. */
export function tapsInside({ size, kernel, stride, before, dilation }: Axis, i: number): readonly [number, number] {
  const start = i * stride - before;
  const first = Math.max(0, Math.ceil(-start / dilation));
  const end = Math.min(kernel, Math.ceil((size - start) / dilation));
  return [first, Math.max(first, end)];
}

/** Checks the attributes of a windowed operator that do not depend on its tensors. */
export function checkWindowAttributes(
  context: CheckContext,
  op: { readonly strides: readonly number[]; readonly pads: readonly number[]; readonly dilations?: readonly number[] },
): void {
  context.integers("strides", op.strides, 2, 1, 2 ** 20);
  context.integers("pads", op.pads, 4, 0, maxPadding);
  if (op.dilations !== undefined) context.integers("dilations", op.dilations, 2, 1, 2 ** 20);
}

/**
 * Checks the output sizes of a pool. Both are rounded down, or both are rounded up as with ONNX's `ceil_mode`, which
 * adds a window only if it starts inside the image or the padding before it. Every window must contain at least one
 * element of the image.
 */
export function checkPoolWindows(context: CheckContext, axes: readonly Axis[], windows: readonly number[]): void {
  const roundings = axes.map((axis, i) => roundingOf(context, axis, windows[i]!));
  if (roundings.includes("down") && roundings.includes("up"))
    context.fail("output", `[${windows}] windows are rounded down along one axis and up along the other`);
}

/** How the number of windows along an axis is rounded; undefined if both give the same. */
function roundingOf(context: CheckContext, axis: Axis, windows: number): "down" | "up" | undefined {
  const down = windowCount(axis);
  const up = Math.ceil((axis.size + axis.before + axis.after - extent(axis)) / axis.stride) + 1;
  const upFits = (up - 1) * axis.stride < axis.size + axis.before;
  const hasChoice = upFits && up !== down;
  if (windows < 1 || (windows !== down && !(hasChoice && windows === up)))
    context.fail(
      "output",
      `must have ${down}${hasChoice ? ` or ${up}` : ""} windows along an axis of ${axis.size}, has ${windows}`,
    );
  for (let i = 0; i < windows; i++) {
    const [first, end] = tapsInside(axis, i);
    if (first === end) context.fail("pads", `window ${i} along an axis of ${axis.size} lies outside the image`);
  }
  return hasChoice ? (windows === down ? "down" : "up") : undefined;
}
