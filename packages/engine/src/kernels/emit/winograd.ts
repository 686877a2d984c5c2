/** @file Exact Winograd convolutions: decides whether a layer can run as one, packs its filters, and lays out its tiles. */

import { platform } from "#platform";
import type { ConvOperator } from "../../operators/conv.js";
import { fusedProduct } from "../../wasm/fused-product.js";
import { byteLanes } from "../bounds.js";
import { isThreeByThree, type Layer, packedFieldBits, winograd4Fits, winogradFits } from "../choose.js";
import { pixelOffsets, type Tiling } from "../offsets.js";
import type { Packed, Starts } from "../packer.js";
import { mapShape, roundUp } from "../placement.js";
import { tilePixels, winogradAxes } from "../splitting/filter-axes.js";
import { phaseSum, shiftedRange, unshifted } from "../winograd.js";
import type { Emitter } from "./emitter.js";
import { emitOutput, plainSums, type SumForm } from "./output.js";
import { emitRuns, segmentEnds } from "./runs.js";

/** Largest absolute value of transformed activations and filters as bytes. */
const highestByte = 127;

/** With fewer input channels, direct convolution of bytes is faster. */
const fewestByteInputs = 24;

/** Bytes of transformed input that are computed together, so that they stay in the second-level cache with the weights. */
export const chunkBytes = 2 ** 19;

/**
 * Largest size of filters for 4×4 tiles, in bytes (72 per pair of channels). Beyond it, reading the filters again for every few
 * tiles takes as long as 4×4 tiles save.
 */
export const largestFilters = 2 ** 21;

/** Tiles of 2×2 outputs: sixteen positions. The groups are those of `assembly/winograd.ts` and `assembly/winograd4.ts`. */
export const twoByTwo: Tiling = { edge: 2, group: 16 };
/** Tiles of 4×4 outputs: 36 positions. */
export const fourByFour: Tiling = { edge: 4, group: 8 };

/** Emits the layer as the fastest Winograd convolution that its ranges allow, unless direct convolution is faster. */
export function emitWinograd(emitter: Emitter, index: number, op: ConvOperator, layer: Layer): boolean {
  if (!isThreeByThree(op)) return false;
  const [, height, width] = mapShape(emitter.program.tensors[op.output]!.shape);
  // Multiplications of both forms for each pair of channels: on smaller maps, direct convolution has fewer.
  const isLarge = 16 * tilesOf(height, width, 2) < 9 * roundUp(height * width, tilePixels);
  if (emitter.placement(op.input).elementBytes === 1)
    return (
      isLarge && layer.filter.inputs >= fewestByteInputs && winogradFits(layer) && emitBytes(emitter, index, op, layer)
    );
  const isPackable = packedFieldBits(layer) > 0;
  if (winograd4Fits(layer) && winograd4Pays(layer, height, width, isPackable)) {
    emitTiles(emitter, index, op, layer, "winograd4D8", fourByFour, {
      ...unbroken(emitter.packer.packWinograd(layer.filter, "4Words")),
      form: { ...plainSums(layer), tiling: fourByFour },
    });
    return true;
  }
  if (isPackable || !isLarge || !winogradFits(layer)) return false;
  emitTiles(emitter, index, op, layer, "winogradD8", twoByTwo, {
    ...unbroken(emitter.packer.packWinograd(layer.filter, "Words")),
    form: fourfoldSums(layer, () => 0),
  });
  return true;
}

/** Number of tiles computed for a feature map, rounded up because the inner loop processes four at once. */
const tilesOf = (height: number, width: number, edge: number): number =>
  roundUp(Math.ceil(height / edge) * Math.ceil(width / edge), tilePixels);

/**
 * Whether 4×4 tiles are faster than the alternative, two weights per lane or 2×2 tiles. Costs are int16 multiplications per
 * pair of channels, with factors for transforms and epilogues that were fitted to measured rates.
 */
function winograd4Pays({ filter }: Layer, height: number, width: number, isPackable: boolean): boolean {
  const { inputs, outputs } = filter;
  if (72 * inputs * outputs > largestFilters) return false;
  const cost = tilesOf(height, width, 4) * 36 * (1 + 20 / inputs + 12 / outputs);
  const alternative = isPackable
    ? height * width * 4.7 * (1 + 3.5 / inputs)
    : tilesOf(height, width, 2) * 16 * (1 + 10 / inputs + 6 / outputs);
  return cost < alternative;
}

interface TiledFilters {
  readonly packed: Packed;
  /** Positions at which narrow sums are flushed, in steps. */
  readonly cuts: readonly number[];
  readonly segments: readonly number[];
  readonly starts?: Starts;
  /** Number that is added to transformed bytes. */
  readonly shift: number;
  readonly form: SumForm;
}

/** Packed weights with int32 sums, which need no flush. */
const unbroken = (packed: Packed) => ({
  packed,
  cuts: [packed.steps],
  segments: segmentEnds([packed.steps]),
  shift: 0,
});

/** The form of sums that are four times the convolution and contain constants. */
function fourfoldSums({ bias }: Layer, constant: (channel: number, phase: number) => number): SumForm {
  const biases = new Int32Array(4 * bias.length);
  for (let phase = 0; phase < 4; phase++)
    for (let channel = 0; channel < bias.length; channel++)
      biases[phase * bias.length + channel] = 4 * bias[channel]! - constant(channel, phase);
  return { tiling: twoByTwo, biases, factor: 1 / 4 };
}

function emitBytes(emitter: Emitter, index: number, op: ConvOperator, layer: Layer): boolean {
  const { constants, packer } = emitter;
  const { filter } = layer;
  const highest = shiftedRange * layer.highest;
  if (highest > highestByte) return false;
  const mark = constants.end;
  const packed = packer.packWinograd(filter, "Bytes");
  const isFused = emitter.plan.tier === "fused";
  const cuts = isFused ? [packed.steps] : packer.cut(packed, byteLanes(highest));
  if (cuts.length === 0 || packed.largest > highestByte) {
    constants.release(mark);
    return false;
  }
  const segments = segmentEnds(cuts);
  const starts = isFused ? undefined : packer.centre(packed, segments, highest);
  const shift = 2 * layer.highest;
  /** The amount that shift and starts add to the products of a channel at a position. */
  const added = (channel: number, position: number) =>
    (position === unshifted ? 0 : shift * packed.totals[16 * channel + position]!) +
    (starts?.added[((channel >> 3) * 16 + position) * 8 + (channel & 7)] ?? 0);
  const form = fourfoldSums(layer, (channel, phase) => phaseSum(phase, (position) => added(channel, position)));
  const kernel = isFused ? (fusedProduct() === "signed" ? "winogradS8" : "winogradF8") : "winogradR4";
  const optional = starts === undefined ? {} : { starts };
  emitTiles(emitter, index, op, layer, kernel, twoByTwo, { packed, cuts, segments, ...optional, shift, form });
  return true;
}

function emitTiles(
  emitter: Emitter,
  index: number,
  op: ConvOperator,
  layer: Layer,
  kernel: "winogradR4" | "winogradF8" | "winogradS8" | "winogradD8" | "winograd4D8",
  { edge, group }: Tiling,
  { packed, cuts, segments, starts, shift, form }: TiledFilters,
): void {
  const { constants, scratch } = emitter;
  const input = emitter.placement(op.input);
  const positions = (edge + 2) ** 2;
  const [, height, width] = mapShape(emitter.program.tensors[op.output]!.shape);
  const [down, across] = [Math.ceil(height / edge), Math.ceil(width / edge)];
  const tilePitch = roundUp(input.pixelPitch, 16);
  const cached = Math.max(1, Math.floor(chunkBytes / (positions * tilePitch * group))) * group;
  const chunk = Math.min(cached, roundUp(down * across, group));
  const positionPitch = chunk * tilePitch;
  const gemm = constants.task("ConvTask", {
    input: 0,
    inputPixels: constants.integers(Array.from({ length: chunk }, (_, tile) => tile * tilePitch)),
    pixels: 0,
    weights: packed.address,
    blockPitch: packed.blockPitch,
    blocks: packed.blocks,
    blockInputs: 0,
    ...emitRuns(constants, [0], packed.steps, segments),
    initial: starts?.initial ?? 0,
    fieldBits: 0,
    flip: 0,
    isWide: platform.wideVectors ? 1 : 0,
    sums: scratch.sums,
    output: emitOutput(emitter, index, op, layer, form),
  });
  const task = constants.task("WinogradTask", {
    gemm,
    input: emitter.address(op.input),
    rowPitch: input.rowPitch,
    pixelPitch: input.pixelPitch,
    tileInputs: pixelOffsets(emitter, input, {
      height: down,
      width: across,
      top: -op.pads[0],
      left: -op.pads[1],
      strideY: edge,
      strideX: edge,
    }),
    tiles: down * across,
    chunk,
    transformed: scratch.transformed(positions * positionPitch),
    tilePitch,
    positionPitch,
    shift,
    products: scratch.products,
  });
  emitter.report(index, kernel, cuts);
  emitter.emit(index, kernel, task, winogradAxes(group, edge ** 2));
}
