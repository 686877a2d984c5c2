/**
 * @file Operators that move codes (rule 9). Whole ranges of channels are moved pixel by pixel. If the order of elements
 * changes, two tables of offsets are used.
 */

import type { ConcatOperator } from "../../operators/concat.js";
import { elementCount } from "../../operators/definition.js";
import type { PadOperator } from "../../operators/pad.js";
import type { ReshapeOperator } from "../../operators/reshape.js";
import type { SliceOperator } from "../../operators/slice.js";
import type { TransposeOperator } from "../../operators/transpose.js";
import type { TensorId } from "../../program/program.js";
import { pixelOffsets, type Sampling, wholeMap } from "../offsets.js";
import { mapShape, type Placement } from "../placement.js";
import { uncut } from "../splitting/axis.js";
import { gatherAxes, mapAxes } from "../splitting/map-axes.js";
import { type Emission, noConstants, type PlacementOf } from "./emission.js";
import type { Emitter } from "./emitter.js";
import { mapFields } from "./map.js";

/** A range of channels at chosen pixels. */
interface Range {
  readonly tensor: TensorId;
  readonly channel: number;
  readonly sampling: Sampling;
}

function emitMove(emitter: Emitter, index: number, from: Range, to: Range, channels: number): void {
  const { constants } = emitter;
  const input = emitter.placement(from.tensor);
  const output = emitter.placement(to.tensor);
  const task = constants.task("MapTask", {
    ...mapFields(emitter, from.tensor, to.tensor),
    first: emitter.address(from.tensor) + from.channel * input.elementBytes,
    firstPixels: pixelOffsets(emitter, input, from.sampling),
    output: emitter.address(to.tensor) + to.channel * output.elementBytes,
    outputPixels: pixelOffsets(emitter, output, to.sampling),
    pixels: to.sampling.height * to.sampling.width,
    channels,
  });
  emitter.emit(index, "move", task, mapAxes);
}

export const concat: Emission<ConcatOperator> = {
  emit(emitter, index, op) {
    const sampling = wholeMap(emitter.placement(op.output));
    emitter.emitBorder(index, op.output);
    let channel = 0;
    for (const tensor of op.inputs) {
      const { channels } = emitter.placement(tensor);
      emitMove(emitter, index, { tensor, channel: 0, sampling }, { tensor: op.output, channel, sampling }, channels);
      channel += channels;
    }
  },
  constantBytes: noConstants,
};

export const slice: Emission<SliceOperator> = {
  emit(emitter, index, op) {
    const [channelStep, strideY = 1, strideX = 1] = op.steps as [number, number?, number?];
    const [channel, top = 0, left = 0] = op.starts as [number, number?, number?];
    const output = emitter.placement(op.output);
    if (channelStep !== 1 && output.channels > 1) {
      const [channelStride, rowStride] = rowMajor(emitter, op.input);
      const source = (c: number, y: number, x: number) =>
        (channel + c * channelStep) * channelStride + (top + y * strideY) * rowStride + left + x * strideX;
      emitGather(emitter, index, op.input, op.output, source);
      return;
    }
    const sampling = wholeMap(output);
    emitter.emitBorder(index, op.output);
    emitMove(
      emitter,
      index,
      { tensor: op.input, channel, sampling: { ...sampling, top, left, strideY, strideX } },
      { tensor: op.output, channel: 0, sampling },
      output.channels,
    );
  },
  constantBytes: gatherBytes,
};

export const pad: Emission<PadOperator> = {
  emit(emitter, index, op) {
    const [channel, top = 0, left = 0] = op.before as [number, number?, number?];
    const input = emitter.placement(op.input);
    const output = emitter.placement(op.output);
    const whole = emitter.constants.task("BorderTask", {
      buffer: emitter.plan.buffers[op.output]!,
      elementBytes: output.elementBytes,
      head: output.head + output.dump,
      row: 0,
      gap: 0,
      tail: 0,
      height: 1,
      value: emitter.program.tensors[op.output]!.zeroPoint,
    });
    emitter.emit(index, "border", whole, uncut);
    const sampling = wholeMap(input);
    emitMove(
      emitter,
      index,
      { tensor: op.input, channel: 0, sampling },
      { tensor: op.output, channel, sampling: { ...sampling, top, left } },
      input.channels,
    );
  },
  constantBytes: noConstants,
};

export const reshape: Emission<ReshapeOperator> = {
  emit(emitter, index, op) {
    const [channelStride, rowStride] = rowMajor(emitter, op.output);
    emitGather(emitter, index, op.input, op.output, (c, y, x) => c * channelStride + y * rowStride + x);
  },
  constantBytes: gatherBytes,
};

export const transpose: Emission<TransposeOperator> = {
  emit(emitter, index, op) {
    const strides = rowMajor(emitter, op.input);
    const [a, b, c] = op.permutation.length === 3 ? op.permutation : [0, 1, 2];
    const step = [strides[a!]!, strides[b!]!, strides[c!]!];
    emitGather(emitter, index, op.input, op.output, (i, y, x) => i * step[0]! + y * step[1]! + x * step[2]!);
  },
  constantBytes: gatherBytes,
};

/** Row-major strides of a tensor, as a map. */
function rowMajor(emitter: Emitter, tensor: TensorId): readonly [number, number, number] {
  const [, height, width] = mapShape(emitter.program.tensors[tensor]!.shape);
  return [height * width, width, 1];
}

/** Bytes of two tables of offsets. */
function gatherBytes({ output }: { readonly output: TensorId }, placementOf: PlacementOf): number {
  const { channels, height, width } = placementOf(output);
  return 8 * channels * height * width;
}

/** @param source  row-major index in the input of element (c, y, x) of the output */
function emitGather(
  emitter: Emitter,
  index: number,
  input: TensorId,
  output: TensorId,
  source: (channel: number, y: number, x: number) => number,
): void {
  const { constants } = emitter;
  const from = emitter.placement(input);
  const to = emitter.placement(output);
  const count = elementCount(emitter.program.tensors[output]!.shape);
  const inputOffsets = new Int32Array(count);
  const outputOffsets = new Int32Array(count);
  let i = 0;
  for (let c = 0; c < to.channels; c++)
    for (let y = 0; y < to.height; y++)
      for (let x = 0; x < to.width; x++) {
        inputOffsets[i] = elementOffset(from, source(c, y, x));
        outputOffsets[i] = y * to.rowPitch + x * to.pixelPitch + c * to.elementBytes;
        i++;
      }
  emitter.emitBorder(index, output);
  const task = constants.task("GatherTask", {
    input: emitter.address(input),
    inputOffsets: constants.integers(inputOffsets),
    inputBytes: from.elementBytes,
    output: emitter.address(output),
    outputOffsets: constants.integers(outputOffsets),
    outputBytes: to.elementBytes,
    count,
  });
  emitter.emit(index, "gather", task, gatherAxes);
}

/** Byte offset of a row-major element `[C, H, W]`. */
export function elementOffset(
  { height, width, rowPitch, pixelPitch, elementBytes }: Placement,
  element: number,
): number {
  const x = element % width;
  const y = Math.floor(element / width) % height;
  const channel = Math.floor(element / (width * height));
  return y * rowPitch + x * pixelPitch + channel * elementBytes;
}
