/** @file Convolutions and linear layers: packs the weights, proves the sums, writes the task. */

import { describeLayer, type FilterOperator, isDepthwise, type Layer } from "../choose.js";
import { pixelOffsets, type Sampling } from "../offsets.js";
import { mapShape } from "../placement.js";
import { emitDepthwise } from "./depthwise.js";
import type { Emitter } from "./emitter.js";
import { emitOutput, emitParameters, plainSums } from "./output.js";
import { type Products, packProducts } from "./products.js";
import { emitRuns } from "./runs.js";
import { emitWinograd } from "./winograd.js";

export function emitFilter(emitter: Emitter, index: number, op: FilterOperator): void {
  const layer = describeLayer(emitter.program, emitter.packer, op);
  if (op.op === "linear") {
    if (op.output === undefined) emitLogits(emitter, index, op, layer);
    else emitDirect(emitter, index, op, layer, packProducts(emitter, layer, emitter.placement(op.input)));
    return;
  }
  if (isDepthwise(op)) return emitDepthwise(emitter, index, op, layer);
  if (emitWinograd(emitter, index, op, layer)) return;
  emitDirect(emitter, index, op, layer, packProducts(emitter, layer, emitter.placement(op.input)));
}

/** Where the window of each output pixel starts in the input. */
export function samplingOf(emitter: Emitter, op: FilterOperator): Sampling {
  if (op.op === "linear") return { height: 1, width: 1, top: 0, left: 0, strideY: 1, strideX: 1 };
  const [, height, width] = mapShape(emitter.program.tensors[op.output]!.shape);
  const [strideY, strideX] = op.strides;
  return { height, width, top: -op.pads[0], left: -op.pads[1], strideY, strideX };
}

function emitDirect(emitter: Emitter, index: number, op: FilterOperator, layer: Layer, products: Products): void {
  const task = emitConvTask(
    emitter,
    op,
    products,
    emitOutput(emitter, index, op, layer, plainSums(layer, products.starts?.added)),
  );
  report(emitter, index, `conv${products.name}`, products);
  emitter.emit(index, `conv${products.name}`, task);
}

function emitLogits(emitter: Emitter, index: number, op: FilterOperator, layer: Layer): void {
  const { constants, logits } = emitter;
  const input = emitter.placement(op.input);
  const products = packProducts(emitter, layer, input, false);
  const { address, pitch } = emitParameters(emitter, layer, plainSums(layer, products.starts?.added));
  const gemm = emitConvTask(emitter, op, products, 0);
  const task = constants.task("LogitsTask", { gemm, output: logits, parameters: address, parameterPitch: pitch });
  const kernel = `logits${products.name as Exclude<Products["name"], "P4">}` as const;
  report(emitter, index, kernel, products);
  emitter.emit(index, kernel, task);
}

export function report(
  emitter: Emitter,
  index: number,
  kernel: Parameters<Emitter["emit"]>[1],
  { cuts }: Pick<Products, "cuts">,
) {
  emitter.choices.set(index, cuts.length > 1 ? { kernel, flush: cuts[0]! } : { kernel });
}

function emitConvTask(emitter: Emitter, op: FilterOperator, products: Products, output: number): number {
  const { constants, scratch } = emitter;
  const input = emitter.placement(op.input);
  const { window, packed, blockInputs, cuts, segments, fieldBits, starts } = products;
  const sampling = samplingOf(emitter, op);
  return constants.task("ConvTask", {
    input: emitter.address(op.input),
    inputPixels: pixelOffsets(constants, input, sampling),
    pixels: sampling.height * sampling.width,
    weights: packed.address,
    blockPitch: packed.blockPitch,
    blocks: packed.blocks,
    blockInputs,
    ...emitRuns(constants, window.rowOffsets, window.rowSteps, segments, fieldBits > 0 ? cuts : []),
    initial: starts?.initial ?? 0,
    fieldBits,
    sums: scratch.sums,
    output,
  });
}
