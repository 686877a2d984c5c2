/** @file Convolutions and linear layers: packs the weights, proves the sums, writes the task. */

import type { ConvOperator } from "../../format/program.js";
import { byteLanes } from "../bounds.js";
import {
  describeLayer,
  type FilterOperator,
  isDepthwise,
  type Layer,
  packedFieldBits,
  winogradFits,
} from "../choose.js";
import { pixelOffsets, type Sampling, tileGroup } from "../offsets.js";
import { mapShape, roundUp } from "../placement.js";
import { phaseSum, shiftedRange, unshifted } from "../winograd.js";
import { emitDepthwise } from "./depthwise.js";
import type { Emitter } from "./emitter.js";
import { emitOutput, emitParameters, plainSums, type SumForm } from "./output.js";
import { type Products, packProducts } from "./products.js";
import { emitRuns, segmentEnds } from "./runs.js";

/** Transformed activations and filters must stay within ±127 as bytes. */
const highestByte = 127;

/** Bytes of transformed input that are formed at once, to stay in the second-level cache beside the weights. */
const chunkBytes = 2 ** 18;

export function emitFilter(emitter: Emitter, index: number, op: FilterOperator): void {
  const layer = describeLayer(emitter.program, emitter.packer, op);
  if (op.op === "linear") {
    if (op.output === undefined) emitLogits(emitter, index, op, layer);
    else emitDirect(emitter, index, op, layer, packProducts(emitter, layer, emitter.placement(op.input)));
    return;
  }
  if (isDepthwise(op)) return emitDepthwise(emitter, index, op, layer);
  if (winogradFits(op, layer) && emitWinograd(emitter, index, op, layer)) return;
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

function report(
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

/** Emits the layer by exact Winograd if its ranges allow and direct convolution would not be as fast. */
function emitWinograd(emitter: Emitter, index: number, op: ConvOperator, layer: Layer): boolean {
  const { constants, scratch } = emitter;
  const input = emitter.placement(op.input);
  const { filter, highest, bias } = layer;
  const onBytes = input.elementBytes === 1;
  if (onBytes && shiftedRange * highest > highestByte) return false;
  if (!onBytes && packedFieldBits(layer) > 0) return false;
  const mark = constants.end;
  const packed = emitter.packer.packWinograd(filter, onBytes);
  const shift = onBytes ? 2 * highest : 0;
  const cuts = onBytes ? emitter.packer.cut(packed, byteLanes(shiftedRange * highest)) : [packed.steps];
  if (cuts.length === 0 || (onBytes && packed.largest > highestByte)) {
    constants.release(mark);
    return false;
  }
  const segments = segmentEnds(cuts);
  const starts = onBytes ? emitter.packer.centre(packed, segments, shiftedRange * highest) : undefined;
  /** What shift and starts add to a channel's products at a position. */
  const constant = (channel: number, position: number) =>
    (position === unshifted ? 0 : shift * packed.totals[16 * channel + position]!) +
    (starts === undefined ? 0 : starts.added[((channel >> 3) * 16 + position) * 8 + (channel & 7)]!);
  const form: SumForm = {
    tiles: true,
    phases: 4,
    bias: (channel, phase) => 4 * bias[channel]! - phaseSum(phase, (position) => constant(channel, position)),
    factor: 1 / 4,
  };

  const [, height, width] = mapShape(emitter.program.tensors[op.output]!.shape);
  const [down, across] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const tiles = down * across;
  const tilePitch = roundUp(input.pixelPitch, 16);
  const cached = Math.max(1, Math.floor(chunkBytes / (16 * tilePitch * tileGroup))) * tileGroup;
  const chunk = Math.min(cached, roundUp(tiles, tileGroup));
  const positionPitch = chunk * tilePitch;
  const tileOffsets = constants.integers(Array.from({ length: chunk }, (_, tile) => tile * tilePitch));
  const gemm = constants.task("ConvTask", {
    input: 0,
    inputPixels: tileOffsets,
    pixels: 0,
    weights: packed.address,
    blockPitch: packed.blockPitch,
    blocks: packed.blocks,
    blockInputs: 0,
    ...emitRuns(constants, [0], packed.steps, segments),
    initial: starts?.initial ?? 0,
    fieldBits: 0,
    sums: scratch.sums,
    output: emitOutput(emitter, index, op, layer, form),
  });
  const kernel = onBytes ? "winogradR4" : "winogradD8";
  const task = constants.task("WinogradTask", {
    gemm,
    input: emitter.address(op.input),
    rowPitch: input.rowPitch,
    pixelPitch: input.pixelPitch,
    tileInputs: pixelOffsets(constants, input, {
      height: down,
      width: across,
      top: -op.pads[0],
      left: -op.pads[1],
      strideY: 2,
      strideX: 2,
    }),
    tiles,
    chunk,
    transformed: scratch.transformed(16 * positionPitch),
    tilePitch,
    positionPitch,
    shift,
    products: scratch.products,
  });
  report(emitter, index, kernel, { cuts });
  emitter.emit(index, kernel, task);
  return true;
}
