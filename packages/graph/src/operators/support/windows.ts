/** @file The geometry that convolution and pooling share, for any number of spatial axes. */

import { elementCount } from "../../ir/tensor.js";
import type { Attributes, Dim, Node } from "../../ir/types.js";
import { attributesOf, misfit } from "./attributes.js";
import { forEachIndex, stridesOf } from "./values.js";

/** Attributes of a sliding window, each with one entry per spatial axis (`pads`: all begins, then all ends). */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

const defaults = { strides: [] as number[], dilations: [] as number[], pads: [] as number[], auto_pad: "NOTSET" };

/**
 * The window of a node over an input with spatial sizes `input`. auto_pad SAME pads to ceil(size / stride) outputs, with an odd
 * element at the end (UPPER) or the beginning (LOWER).
 *
 * @throws {ModelError} if the padding depends on a symbolic size
 */
export function windowOf(node: Node, kernel: readonly number[], input: readonly Dim[]): Window {
  const attributes = attributesOf(node, defaults);
  const rank = kernel.length;
  const expand = (values: readonly number[], name: string, length: number, otherwise: number) => {
    if (values.length === 0) return new Array<number>(length).fill(otherwise);
    if (values.length !== length)
      throw misfit(node, `${name} has ${values.length} entries`, `${length}, for ${rank} spatial axes`);
    return values;
  };
  if (input.length !== rank)
    throw misfit(node, `the kernel has ${rank} spatial axes, the input ${input.length}`, "equal numbers");
  const strides = expand(attributes.strides, "strides", rank, 1);
  const dilations = expand(attributes.dilations, "dilations", rank, 1);
  if ([...strides, ...dilations, ...kernel].some((v) => !(Number.isInteger(v) && v >= 1)))
    throw misfit(node, `kernel [${kernel}], strides [${strides}], dilations [${dilations}]`, "integers from 1");
  let pads = expand(attributes.pads, "pads", 2 * rank, 0);
  if (attributes.auto_pad.startsWith("SAME")) {
    const totals = input.map((size, axis) => {
      const extent = dilations[axis]! * (kernel[axis]! - 1) + 1;
      if (strides[axis] === 1) return extent - 1;
      if (typeof size === "string")
        throw misfit(node, `auto_pad ${attributes.auto_pad} over the symbolic size ${size}`, "a fixed image size");
      return Math.max(0, (Math.ceil(size / strides[axis]!) - 1) * strides[axis]! + extent - size);
    });
    const small = totals.map((total) => Math.floor(total / 2));
    const large = totals.map((total, axis) => total - small[axis]!);
    pads = attributes.auto_pad === "SAME_LOWER" ? [...large, ...small] : [...small, ...large];
  } else if (attributes.auto_pad === "VALID") pads = new Array<number>(2 * rank).fill(0);
  return { kernel, strides, dilations, pads };
}

/** Spatial sizes of the output; a symbolic size is possible only if the window preserves it. */
export function windowOutput(node: Node, window: Window, input: readonly Dim[], ceilMode = false): Dim[] {
  const { kernel, strides, dilations, pads } = window;
  return input.map((size, axis) => {
    const extent = dilations[axis]! * (kernel[axis]! - 1) + 1;
    const padding = pads[axis]! + pads[axis + kernel.length]!;
    if (typeof size === "string") return strides[axis] === 1 && padding === extent - 1 ? size : `${node.name}.${axis}`;
    const room = size + padding - extent;
    if (room < 0)
      throw misfit(
        node,
        `the window spans ${extent}, the padded input ${size + padding} on axis ${axis}`,
        "a larger image",
      );
    let count = (ceilMode ? Math.ceil(room / strides[axis]!) : Math.floor(room / strides[axis]!)) + 1;
    // A last window that would start beyond the image and its leading padding is dropped.
    if (ceilMode && (count - 1) * strides[axis]! >= size + pads[axis]!) count--;
    return count;
  });
}

/**
 * The flat position in the image that each tap reads, or -1 in the padding. Entry `[p * K + k]` belongs to output position p
 * and kernel position k. Convolution, its two gradients and the poolings are all sums over this table.
 */
export function windowTaps(window: Window, input: readonly number[], output: readonly number[]): Int32Array {
  const taps = new Int32Array(elementCount(output) * elementCount(window.kernel));
  const strides = stridesOf(input);
  let at = 0;
  forEachIndex(output, (position) => {
    forEachIndex(window.kernel, (tap) => {
      let flat = 0;
      for (let axis = 0; axis < input.length; axis++) {
        const i = position[axis]! * window.strides[axis]! - window.pads[axis]! + tap[axis]! * window.dilations[axis]!;
        if (i < 0 || i >= input[axis]!) flat = Number.NEGATIVE_INFINITY;
        else flat += i * strides[axis]!;
      }
      taps[at++] = flat < 0 ? -1 : flat;
    });
  });
  return taps;
}

/** The window as explicit attributes, for the gradient operators. */
export const windowAttributes = ({ kernel, strides, dilations, pads }: Window): Attributes => ({
  kernel_shape: kernel,
  strides,
  dilations,
  pads,
});
