/** @file Finds the taps of a kernel that read the image at some position; the others only read padding. */

import type { Window } from "./windows.js";

export interface LiveTaps {
  /** First tap per axis that reads the image at some position; `last` has the last ones. */
  readonly first: readonly number[];
  readonly last: readonly number[];
  /** The window that computes the same with these taps alone. */
  readonly window: Window;
}

/**
 * @param image spatial sizes of the input
 * @param output spatial sizes of the output
 * @returns undefined if every tap is live, or if the rest would need negative pads
 */
export function liveTaps(window: Window, image: readonly number[], output: readonly number[]): LiveTaps | undefined {
  const { kernel, pads, dilations, strides } = window;
  const first: number[] = [];
  const last: number[] = [];
  for (let axis = 0; axis < kernel.length; axis++) {
    const reads = (tap: number) => {
      for (let position = 0; position < output[axis]!; position++) {
        const at = position * strides[axis]! - pads[axis]! + tap * dilations[axis]!;
        if (at >= 0 && at < image[axis]!) return true;
      }
      return false;
    };
    const live = Array.from({ length: kernel[axis]! }, (_, tap) => tap).filter(reads);
    if (live.length === 0) return undefined;
    first.push(live[0]!);
    last.push(live.at(-1)!);
  }
  const smaller = kernel.map((_, axis) => last[axis]! - first[axis]! + 1);
  if (smaller.every((size, axis) => size === kernel[axis])) return undefined;
  const begins = image.map((_, axis) => pads[axis]! - first[axis]! * dilations[axis]!);
  if (begins.some((entry) => entry < 0)) return undefined;
  // The number of elements beyond the image that the last position reads; 0 if its window ends inside the image.
  const ends = image.map((size, axis) => {
    const read = (output[axis]! - 1) * strides[axis]! + dilations[axis]! * (smaller[axis]! - 1) + 1;
    return Math.max(0, read - begins[axis]! - size);
  });
  return { first, last, window: { kernel: smaller, strides, dilations, pads: [...begins, ...ends] } };
}
