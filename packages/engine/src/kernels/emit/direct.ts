/** @file Direct convolutions and linear layers: packs the weights, proves that sums fit, and writes the task. */

import { platform } from "#platform";
import type { FilterOperator, Layer } from "../choose.js";
import { pixelOffsets } from "../offsets.js";
import { convolutionAxes, logitsAxes } from "../splitting/filter-axes.js";
import type { Emitter } from "./emitter.js";
import { emitOutput, emitParameters, plainSums } from "./output.js";
import { type Products, packProducts } from "./products.js";
import { emitRuns } from "./runs.js";
import { samplingOf } from "./sampling.js";

export function emitDirect(
  emitter: Emitter,
  index: number,
  op: FilterOperator,
  layer: Layer,
  products: Products,
): void {
  const task = emitConvTask(
    emitter,
    op,
    products,
    emitOutput(emitter, index, op, layer, plainSums(layer, products.added)),
  );
  const kernel = `conv${products.name}` as const;
  emitter.report(index, kernel, products.cuts);
  // Where two weights share a lane, a block of weights makes two blocks of outputs.
  emitter.emit(index, kernel, task, convolutionAxes(kernel === "convP4" ? 2 : 1));
}

export function emitLogits(emitter: Emitter, index: number, op: FilterOperator, layer: Layer): void {
  const { constants, logits } = emitter;
  const input = emitter.placement(op.input);
  const products = packProducts(emitter, layer, input, false);
  const { address, pitch } = emitParameters(emitter, layer, plainSums(layer, products.added));
  const gemm = emitConvTask(emitter, op, products, 0);
  const task = constants.task("LogitsTask", { gemm, output: logits, parameters: address, parameterPitch: pitch });
  const kernel = `logits${products.name as Exclude<Products["name"], "P4">}` as const;
  emitter.report(index, kernel, products.cuts);
  emitter.emit(index, kernel, task, logitsAxes);
}

function emitConvTask(emitter: Emitter, op: FilterOperator, products: Products, output: number): number {
  const { constants, scratch } = emitter;
  const input = emitter.placement(op.input);
  const { window, packed, blockInputs, cuts, segments, fieldBits, flip = 0, starts } = products;
  const sampling = samplingOf(emitter, op);
  return constants.task("ConvTask", {
    input: emitter.address(op.input),
    inputPixels: pixelOffsets(emitter, input, sampling),
    pixels: sampling.height * sampling.width,
    weights: packed.address,
    blockPitch: packed.blockPitch,
    blocks: packed.blocks,
    blockInputs,
    ...emitRuns(constants, window.rowOffsets, window.rowSteps, segments, fieldBits > 0 ? cuts : []),
    initial: starts?.initial ?? 0,
    fieldBits,
    flip,
    isWide: platform.wideVectors ? 1 : 0,
    sums: scratch.sums,
    output,
  });
}
