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
  const { channelPitch, tap: placeOfTap } = placeOf[form];
  const { address, blocks, blockPitch } = emitter.packer.packTaps(filter, {
    places: Array.from({ length: kernelHeight * kernelWidth }, (_, tap) => placeOfTap(tap)),
    channelPitch,
    elementBytes: isFused(form) ? 1 : 2,
    blockPitch: blockBytes(form, taps.length),
  });
  const sampling = samplingOf(emitter, op);
  const added = form === "S8Columns" ? weightSums.sums.map((sum) => -128 * sum) : undefined;
  const task = constants.task("DepthwiseTask", {
    input: emitter.address(op.input),
    inputPixels: pixelOffsets(emitter, input, sampling),
    pixels: sampling.height * sampling.width,
    taps: constants.integers(taps),
    tapCount: taps.length,
    columnPitch: input.pixelPitch,
    stride: op.strides[1],
    width: sampling.width,
    column: 0,
    weights: address,
    blockPitch,
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

/** Bytes of a block of eight channels with `taps` taps. */
function blockBytes(form: Form, taps: number): number {
  return form === "Columns" ? 8 * 12 * 2 : isFused(form) ? 8 * 12 : 8 * taps * 2;
}

/** The place of a tap of a block's first channel, and the distance of the next channel, in bytes. */
const placeOf: Readonly<Record<Form, { readonly channelPitch: number; tap(tap: number): number }>> = {
  Narrow: { channelPitch: 2, tap: (tap) => 16 * tap },
  Wide: { channelPitch: 4, tap: (tap) => 32 * (tap >> 1) + 2 * (tap & 1) },
  Columns: { channelPitch: 4, tap: (tap) => 64 * (tap % 3) + 32 * Math.floor(tap / 6) + 2 * (Math.floor(tap / 3) & 1) },
  F8Columns: { channelPitch: 4, tap: (tap) => 32 * (tap % 3) + Math.floor(tap / 3) },
  S8Columns: { channelPitch: 4, tap: (tap) => 32 * (tap % 3) + Math.floor(tap / 3) },
};
