/**
 * @file Weights in the order in which the kernels read them: for each block of output channels, each step, two vectors of
 * sixteen bytes. A vector holds four channels × four bytes, four channels × two int16, or, packed, eight channels × two int16
 * of which the low fields belong to the first four channels and the high fields to the other four.
 */

import type { Filter, Window } from "./window.js";

/** Bytes of weights in one step of a block. */
export const stepBytes = 32;

/**
 * @returns blocks × steps × 32 bytes
 * @param put  called with block, step, channel within the block, element within the step and the code
 */
function visit(
  { outputs, inputs, kernel, groups, codes }: Filter,
  { channels, taps, blockChannels }: Window,
  blockSize: number,
  put: (output: number, element: number, code: number) => void,
): void {
  const tapCount = kernel[0] * kernel[1];
  const outputsPerGroup = outputs / groups;
  for (let output = 0; output < outputs; output++) {
    const first = blockChannels[Math.floor(output / blockSize)]! - Math.floor(output / outputsPerGroup) * inputs;
    const filter = output * inputs * tapCount;
    for (let element = 0; element < channels.length; element++) {
      if (channels[element]! < 0) continue;
      const channel = first + channels[element]!;
      if (channel >= 0 && channel < inputs) put(output, element, codes[filter + channel * tapCount + taps[element]!]!);
    }
  }
}

/** For kernels on bytes. */
export function packBytes(filter: Filter, window: Window): Int8Array {
  const steps = window.channels.length / 4;
  const packed = new Int8Array(window.blockChannels.length * steps * stepBytes);
  visit(filter, window, 8, (output, element, code) => {
    const step = (output >> 3) * steps + (element >> 2);
    packed[step * stepBytes + (output & 7) * 4 + (element & 3)] = code;
  });
  return packed;
}

/** For kernels on int16. */
export function packWords(filter: Filter, window: Window): Int16Array {
  const steps = window.channels.length / 2;
  const packed = new Int16Array((window.blockChannels.length * steps * stepBytes) / 2);
  visit(filter, window, 8, (output, element, code) => {
    const step = (output >> 3) * steps + (element >> 1);
    packed[(step * stepBytes) / 2 + (output & 7) * 2 + (element & 1)] = code;
  });
  return packed;
}

/** Two weights a lane, `w[c] + 2^fieldBits · w[c + 4]`, in blocks of sixteen channels. */
export function packPairs(filter: Filter, window: Window, fieldBits: number): Int16Array {
  const steps = window.channels.length / 2;
  const packed = new Int16Array((window.blockChannels.length * steps * stepBytes) / 2);
  visit(filter, window, 16, (output, element, code) => {
    const step = (output >> 4) * steps + (element >> 1);
    const lane = ((output >> 3) & 1) * 8 + (output & 3) * 2 + (element & 1);
    packed[(step * stepBytes) / 2 + lane]! += (output & 4) === 0 ? code : code * 2 ** fieldBits;
  });
  return packed;
}
