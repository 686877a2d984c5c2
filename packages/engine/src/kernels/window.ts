/**
 * @file The window of a convolution in the order of the kernels: `rows` of contiguous elements, each padded to whole steps of
 * four bytes; the weights of the padding are zero. A row is a kernel row if pixels of the window are adjacent, else one tap.
 */

import type { Placement } from "./placement.js";

/** The common form of a convolution and a linear layer, which is a special case of it. */
export interface Filter {
  readonly outputs: number;
  /** Number of input channels per group. */
  readonly inputs: number;
  readonly kernel: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly groups: number;
}

export interface Window {
  /** Byte offset of each row from the window's first element. */
  readonly rowOffsets: readonly number[];
  /** Number of steps of four bytes per row. */
  readonly rowSteps: number;
  /** Taps per row; two neighbours are `stride` elements apart. */
  readonly rowTaps: number;
  readonly stride: number;
  /** Channels that a block reads at each tap. */
  readonly span: number;
  /** First input channel of each block of output channels. */
  readonly blockChannels: readonly number[];
}

/** @param blockSize  output channels per block: 8, or 16 if two weights share a lane */
export function planWindow(filter: Filter, input: Placement, blockSize: number): Window {
  const { kernel, dilations, groups, outputs, inputs } = filter;
  const [kernelHeight, kernelWidth] = kernel;
  const blocks = Math.ceil(outputs / blockSize);
  const outputsPerGroup = outputs / groups;
  const groupOf = (output: number) => Math.floor(Math.min(output, outputs - 1) / outputsPerGroup);
  const groupChannels = Array.from({ length: blocks }, (_, block) => groupOf(block * blockSize) * inputs);
  /** The channels that a block reads; if its outputs belong to several groups, it reads the channels of all of them. */
  const span = groupChannels.reduce(
    (most, first, block) => Math.max(most, (groupOf(block * blockSize + blockSize - 1) + 1) * inputs - first),
    0,
  );
  const blockChannels = groupChannels.map((first) => Math.min(first, groups * inputs - span));
  const touching = groups === 1 && dilations[1] === 1;
  const rowTaps = touching ? kernelWidth : 1;
  const columns = kernelWidth / rowTaps;
  const rowElements = (rowTaps - 1) * input.stride + span;
  const rowOffsets = Array.from({ length: kernelHeight * columns }, (_, row) => {
    const y = Math.floor(row / columns);
    const x = row % columns;
    return y * dilations[0] * input.rowPitch + x * dilations[1] * input.pixelPitch;
  });
  const rowSteps = Math.ceil((rowElements * input.elementBytes) / 4);
  return { rowOffsets, rowSteps, rowTaps, stride: input.stride, span, blockChannels };
}
