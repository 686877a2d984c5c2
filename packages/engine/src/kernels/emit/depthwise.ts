/** @file Depthwise convolution: packs one filter a channel, with int16 sums where they are proved to fit. */

import type { ConvOperator } from "../../operators/conv.js";
import type { Layer } from "../choose.js";
import { pixelOffsets } from "../offsets.js";
import { roundUp } from "../placement.js";
import { depthwiseAxes } from "../splitting/filter-axes.js";
import type { Emitter } from "./emitter.js";
import { emitOutput, plainSums } from "./output.js";
import { samplingOf } from "./sampling.js";

const int16Max = 2 ** 15 - 1;

export function emitDepthwise(emitter: Emitter, index: number, op: ConvOperator, layer: Layer): void {
  const { constants, scratch } = emitter;
  const input = emitter.placement(op.input);
  const [kernelHeight, kernelWidth] = layer.filter.kernel;
  const isNarrow = layer.weightSums.magnitudes.every((magnitude) => magnitude * layer.highest <= int16Max);
  const tapCount = isNarrow ? kernelHeight * kernelWidth : roundUp(kernelHeight * kernelWidth, 2);
  const taps = Array.from({ length: tapCount }, (_, tap) => {
    if (tap === kernelHeight * kernelWidth) return 0;
    const y = Math.floor(tap / kernelWidth);
    const x = tap % kernelWidth;
    return y * op.dilations[0] * input.rowPitch + x * op.dilations[1] * input.pixelPitch;
  });
  const packed = packTaps(layer, op.weights.codes, tapCount, isNarrow);
  const blocks = roundUp(layer.filter.outputs, 8) / 8;
  const sampling = samplingOf(emitter, op);
  const task = constants.task("DepthwiseTask", {
    input: emitter.address(op.input),
    inputPixels: pixelOffsets(constants, input, sampling),
    pixels: sampling.height * sampling.width,
    taps: constants.integers(taps),
    tapCount,
    weights: constants.bytes(new Uint8Array(packed.buffer)),
    blockPitch: packed.byteLength / blocks,
    blocks,
    sums: scratch.sums,
    output: emitOutput(emitter, index, op, layer, plainSums(layer)),
  });
  const kernel = `depthwise${input.elementBytes === 1 ? "Byte" : "Word"}${isNarrow ? "Narrow" : "Wide"}` as const;
  emitter.report(index, kernel, []);
  emitter.emit(index, kernel, task, depthwiseAxes(input.elementBytes));
}

/** Narrow: [blocks][taps][8 channels]. Wide: [blocks][pairs of taps][8 channels][2 taps]. */
function packTaps({ filter }: Layer, codes: Int8Array, tapCount: number, isNarrow: boolean): Int16Array {
  const { outputs, kernel } = filter;
  const taps = kernel[0] * kernel[1];
  const packed = new Int16Array(roundUp(outputs, 8) * tapCount);
  for (let channel = 0; channel < outputs; channel++) {
    const block = (channel >> 3) * 8 * tapCount;
    const lane = channel & 7;
    for (let tap = 0; tap < taps; tap++)
      packed[block + (isNarrow ? 8 * tap + lane : 16 * (tap >> 1) + 2 * lane + (tap & 1))] =
        codes[channel * taps + tap]!;
  }
  return packed;
}
