/** @file Depthwise convolution: packs one filter per channel, with int16 sums if they are proved to fit. */

import type { ConvOperator } from "../../operators/conv.js";
import { fusedProduct } from "../../wasm/fused-product.js";
import { type Layer, mayWrapPairs } from "../choose.js";
import { pixelOffsets } from "../offsets.js";
import { roundUp } from "../placement.js";
import { depthwiseAxes } from "../splitting/filter-axes.js";
import type { Emitter } from "./emitter.js";
import { emitOutput, plainSums } from "./output.js";
import { samplingOf } from "./sampling.js";

const int16Max = 2 ** 15 - 1;

/**
 * How the taps of eight channels are multiplied, and so the order of their weights. `Narrow`: [taps][8 channels] int16, sums in
 * int16. `Wide`: [pairs of taps][8 channels][2 taps] int16. `Columns`: [3 columns], each with [8 channels][2 taps], then [8
 * channels][third tap, 0] int16. `F8Columns` and `S8Columns`: [3 columns][8 channels][3 taps, 0] int8.
 */
type Form = "Narrow" | "Wide" | "Columns" | "F8Columns" | "S8Columns";

export function emitDepthwise(emitter: Emitter, index: number, op: ConvOperator, layer: Layer): void {
  const { constants, scratch } = emitter;
  const input = emitter.placement(op.input);
  const { filter, weightSums } = layer;
  const [kernelHeight, kernelWidth] = filter.kernel;
  const form = chooseForm(emitter, op, layer);
  const taps = Array.from({ length: roundUp(kernelHeight * kernelWidth, form === "Wide" ? 2 : 1) }, (_, tap) => {
    if (tap === kernelHeight * kernelWidth) return 0;
    const y = Math.floor(tap / kernelWidth);
    const x = tap % kernelWidth;
    return y * op.dilations[0] * input.rowPitch + x * op.dilations[1] * input.pixelPitch;
  });
  const packed = packTaps(layer, op.weights.codes, taps.length, form);
  const blocks = roundUp(filter.outputs, 8) / 8;
  const sampling = samplingOf(emitter, op);
  const added = form === "S8Columns" ? weightSums.sums.map((sum) => -128 * sum) : undefined;
  const task = constants.task("DepthwiseTask", {
    input: emitter.address(op.input),
    inputPixels: pixelOffsets(constants, input, sampling),
    pixels: sampling.height * sampling.width,
    taps: constants.integers(taps),
    tapCount: taps.length,
    columnPitch: input.pixelPitch,
    stride: op.strides[1],
    width: sampling.width,
    column: 0,
    weights: constants.bytes(new Uint8Array(packed.buffer)),
    blockPitch: packed.byteLength / blocks,
    blocks,
    sums: scratch.sums,
    output: emitOutput(emitter, index, op, layer, plainSums(layer, added)),
  });
  const elements = input.elementBytes === 1 ? "Byte" : "Word";
  const kernel = isFused(form) ? (`depthwise${form}` as const) : (`depthwise${elements}${form}` as const);
  emitter.report(index, kernel, []);
  emitter.emit(index, kernel, task, depthwiseAxes(input.elementBytes));
}

const isFused = (form: Form): form is "F8Columns" | "S8Columns" => form === "F8Columns" || form === "S8Columns";

function chooseForm(emitter: Emitter, op: ConvOperator, { filter, weightSums, highest }: Layer): Form {
  const touch = filter.kernel.every((taps) => taps === 3) && op.dilations[1] === 1 && op.strides[1] <= 2;
  if (touch && emitter.plan.tier === "fused" && emitter.placement(op.input).elementBytes === 1) {
    if (highest <= 127 || fusedProduct() === "unsigned") return "F8Columns";
    if (fusedProduct() === "signed" && !mayWrapPairs(emitter.program, "fused", op)) return "S8Columns";
  }
  if (weightSums.magnitudes.every((magnitude) => magnitude * highest <= int16Max)) return "Narrow";
  return touch ? "Columns" : "Wide";
}

function packTaps({ filter }: Layer, codes: Int8Array, tapCount: number, form: Form): Int8Array | Int16Array {
  const { outputs, kernel } = filter;
  const taps = kernel[0] * kernel[1];
  const place = placeOf[form];
  const size = roundUp(outputs, 8) * (form === "Columns" || isFused(form) ? 12 : tapCount);
  const packed = isFused(form) ? new Int8Array(size) : new Int16Array(size);
  const pitch = size / (roundUp(outputs, 8) / 8);
  for (let channel = 0; channel < outputs; channel++)
    for (let tap = 0; tap < taps; tap++)
      packed[(channel >> 3) * pitch + place(channel & 7, tap)] = codes[channel * taps + tap]!;
  return packed;
}

/** The index, within a block, of the weight of one of eight channels for a tap. */
const placeOf: Readonly<Record<Form, (channel: number, tap: number) => number>> = {
  Narrow: (channel, tap) => 8 * tap + channel,
  Wide: (channel, tap) => 16 * (tap >> 1) + 2 * channel + (tap & 1),
  Columns: (channel, tap) => {
    const row = Math.floor(tap / 3);
    return 32 * (tap % 3) + 16 * (row >> 1) + 2 * channel + (row & 1);
  },
  F8Columns: inQuads,
  S8Columns: inQuads,
};

function inQuads(channel: number, tap: number): number {
  return 32 * (tap % 3) + 4 * channel + Math.floor(tap / 3);
}
