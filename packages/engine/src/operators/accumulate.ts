/**
 * @file The exact sums of a convolution, acc[o, p] = b[o] + Σ w[o, c, i, j] · (x[c, …] − z_x), in scalar loops.
 *
 * Integers are added in float64, which is exact below 2^53 and which scalar code multiplies faster than int32. If no
 * accumulator of the layer can reach 2^25, two output channels share a float64: with the lane w₀ + w₁ · 2^26, one
 * multiplication and one addition serve both. The sum A₀ + A₁ · 2^26 is split exactly at the end, because |A₀| < 2^25. Padding
 * needs no code: x − z_x is 0 there.
 */

import type { ConvOperator } from "../operators/conv.js";
import type { QuantizedTensor } from "../program/program.js";
import { elementCount, type Scratch } from "./definition.js";
import { type Axis, axesOf } from "./windows.js";

/** Factor of the second channel in a shared lane. */
const secondChannel = 2 ** 26;
/** Sums must stay below this if two channels share a lane. */
const sharedLimit = 2 ** 25;

/** Called with the sums of consecutive output channels: `sums[(o − first) · pixels + p]`. */
export type Emit = (first: number, count: number, sums: Int32Array) => void;

interface Lanes {
  /** Number of output channels per lane, 1 or 2. */
  readonly width: 1 | 2;
  /** `[group][tile][k][2 lanes]`. A tile has two lanes; lanes beyond the group's channels are zero. */
  readonly weights: Float64Array;
  readonly tilesPerGroup: number;
}

/** Number of elements of the padded input, which goes to the scratch memory. */
export function paddedSize(shape: readonly number[], op: ConvOperator): number {
  const [vertical, horizontal] = axesOf(shape, op.weights.shape.slice(2), op);
  return shape[0]! * paddedLength(vertical) * paddedLength(horizontal);
}

/** Most bytes of the weights in lanes: one channel per lane, two lanes per tile, no tile shared by groups. */
export function packedWeightBytes({ groups, weights }: ConvOperator): number {
  const taps = elementCount(weights.shape.slice(1));
  return 8 * 2 * taps * groups * Math.ceil(weights.shape[0]! / groups / 2);
}

const paddedLength = ({ size, before, after }: Axis): number => before + size + after;

/** Returns a function that computes all sums of one image and passes them on in batches of at most four channels. */
export function prepareSums(
  op: ConvOperator,
  input: QuantizedTensor,
  output: QuantizedTensor,
  x: Uint8Array,
  scratch: Scratch,
): (emit: Emit) => void {
  const axes = axesOf(input.shape, op.weights.shape.slice(2), op);
  const [vertical, horizontal] = axes;
  const [, outHeight, outWidth] = output.shape as [number, number, number];
  const pixels = outHeight * outWidth;
  const pitch = paddedLength(horizontal);
  const plane = paddedLength(vertical) * pitch;
  const groupInputs = op.weights.shape[1]!;
  const groupOutputs = op.weights.shape[0]! / op.groups;
  const taps = groupInputs * vertical.kernel * horizontal.kernel;

  const lanes = packLanes(op, input.bits, groupOutputs, taps);
  const tileChannels = 2 * lanes.width;
  const tapOffsets = tapTable(axes, groupInputs, plane, pitch);
  const pixelOffsets = pixelTable(axes, outHeight, outWidth, pitch);
  const padded = paddedSize(input.shape, op);
  scratch.reserve(padded, tileChannels * pixels);

  return (emit) => {
    fillPadded(scratch.float64.subarray(0, padded), x, input, axes);
    const tileWeights = 2 * taps;
    for (let group = 0; group < op.groups; group++) {
      const origin = group * groupInputs * plane;
      for (let tile = 0; tile < lanes.tilesPerGroup; tile++) {
        const first = group * groupOutputs + tile * tileChannels;
        const count = Math.min(tileChannels, groupOutputs - tile * tileChannels);
        const start = (group * lanes.tilesPerGroup + tile) * tileWeights;
        const weights = lanes.weights.subarray(start, start + tileWeights);
        const sums = scratch.int32;
        if (count <= lanes.width)
          sumOneLane(scratch.float64, weights, origin, tapOffsets, pixelOffsets, lanes.width, sums);
        else sumTwoLanes(scratch.float64, weights, origin, tapOffsets, pixelOffsets, lanes.width, sums);
        for (let channel = 0; channel < count; channel++) {
          const bias = op.bias[first + channel]!;
          if (bias !== 0) for (let p = channel * pixels; p < (channel + 1) * pixels; p++) sums[p]! += bias;
        }
        emit(first, count, sums);
      }
    }
  };
}

/** Copies x − z_x into a border of zeros. */
function fillPadded(
  target: Float64Array,
  x: Uint8Array,
  input: QuantizedTensor,
  [vertical, horizontal]: readonly Axis[],
) {
  const [channels, height, width] = input.shape as [number, number, number];
  const pitch = paddedLength(horizontal!);
  const rows = paddedLength(vertical!);
  const zeroPoint = input.zeroPoint;
  target.fill(0);
  let from = 0;
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++) {
      const to = (c * rows + vertical!.before + y) * pitch + horizontal!.before;
      for (let i = 0; i < width; i++) target[to + i] = x[from++]! - zeroPoint;
    }
}

function packLanes(op: ConvOperator, inputBits: number, groupOutputs: number, taps: number): Lanes {
  const { codes } = op.weights;
  const width = largestSum(codes, taps, 2 ** inputBits - 1) < sharedLimit ? 2 : 1;
  const tilesPerGroup = Math.ceil(groupOutputs / (2 * width));
  const weights = new Float64Array(op.groups * tilesPerGroup * taps * 2);
  for (let o = 0; o < op.weights.shape[0]!; o++) {
    const group = Math.floor(o / groupOutputs);
    const channel = o - group * groupOutputs;
    const lane = Math.floor(channel / width);
    const start = (group * tilesPerGroup + (lane >> 1)) * taps * 2 + (lane & 1);
    const place = channel % width === 0 ? 1 : secondChannel;
    for (let k = 0; k < taps; k++) weights[start + 2 * k]! += codes[o * taps + k]! * place;
  }
  return { width, weights, tilesPerGroup };
}

/** Largest sum: the maximum over channels of Σ|w| · max|x|; |x − z_x| is never above max|x|. */
function largestSum(codes: Int8Array, taps: number, largestInput: number): number {
  let largest = 0;
  for (let start = 0; start < codes.length; start += taps) {
    let sum = 0;
    for (let k = start; k < start + taps; k++) sum += Math.abs(codes[k]!);
    largest = Math.max(largest, sum);
  }
  return largest * largestInput;
}

/** Distance of tap k = (c, i, j) from a window's first element. */
function tapTable([vertical, horizontal]: readonly [Axis, Axis], channels: number, plane: number, pitch: number) {
  const offsets = new Int32Array(channels * vertical.kernel * horizontal.kernel);
  let k = 0;
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < vertical.kernel; i++)
      for (let j = 0; j < horizontal.kernel; j++)
        offsets[k++] = c * plane + i * vertical.dilation * pitch + j * horizontal.dilation;
  return offsets;
}

/** First element of each output pixel's window in the padded plane. */
function pixelTable([vertical, horizontal]: readonly [Axis, Axis], height: number, width: number, pitch: number) {
  const offsets = new Int32Array(height * width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) offsets[y * width + x] = y * vertical.stride * pitch + x * horizontal.stride;
  return offsets;
}

/** Computes four pixels by two lanes. The last pixels of a map may be computed twice, which saves a test. */
function sumTwoLanes(
  x: Float64Array,
  weights: Float64Array,
  origin: number,
  taps: Int32Array,
  pixels: Int32Array,
  width: 1 | 2,
  sums: Int32Array,
): void {
  const count = pixels.length;
  const last = count - 1;
  const depth = taps.length;
  for (let p = 0; p < count; p += 4) {
    const q1 = Math.min(p + 1, last);
    const q2 = Math.min(p + 2, last);
    const q3 = Math.min(p + 3, last);
    const p0 = origin + pixels[p]!;
    const p1 = origin + pixels[q1]!;
    const p2 = origin + pixels[q2]!;
    const p3 = origin + pixels[q3]!;
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let b0 = 0;
    let b1 = 0;
    let b2 = 0;
    let b3 = 0;
    for (let k = 0; k < depth; k++) {
      const offset = taps[k]!;
      const wa = weights[2 * k]!;
      const wb = weights[2 * k + 1]!;
      const x0 = x[p0 + offset]!;
      const x1 = x[p1 + offset]!;
      const x2 = x[p2 + offset]!;
      const x3 = x[p3 + offset]!;
      a0 += wa * x0;
      a1 += wa * x1;
      a2 += wa * x2;
      a3 += wa * x3;
      b0 += wb * x0;
      b1 += wb * x1;
      b2 += wb * x2;
      b3 += wb * x3;
    }
    const lane = width * count;
    storeLane(sums, width, count, p, a0);
    storeLane(sums, width, count, q1, a1);
    storeLane(sums, width, count, q2, a2);
    storeLane(sums, width, count, q3, a3);
    storeLane(sums, width, count, lane + p, b0);
    storeLane(sums, width, count, lane + q1, b1);
    storeLane(sums, width, count, lane + q2, b2);
    storeLane(sums, width, count, lane + q3, b3);
  }
}

/** Computes four pixels by the first lane, for the last channels of a group and for depthwise convolutions. */
function sumOneLane(
  x: Float64Array,
  weights: Float64Array,
  origin: number,
  taps: Int32Array,
  pixels: Int32Array,
  width: 1 | 2,
  sums: Int32Array,
): void {
  const count = pixels.length;
  const last = count - 1;
  const depth = taps.length;
  for (let p = 0; p < count; p += 4) {
    const q1 = Math.min(p + 1, last);
    const q2 = Math.min(p + 2, last);
    const q3 = Math.min(p + 3, last);
    const p0 = origin + pixels[p]!;
    const p1 = origin + pixels[q1]!;
    const p2 = origin + pixels[q2]!;
    const p3 = origin + pixels[q3]!;
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    for (let k = 0; k < depth; k++) {
      const offset = taps[k]!;
      const wa = weights[2 * k]!;
      a0 += wa * x[p0 + offset]!;
      a1 += wa * x[p1 + offset]!;
      a2 += wa * x[p2 + offset]!;
      a3 += wa * x[p3 + offset]!;
    }
    storeLane(sums, width, count, p, a0);
    storeLane(sums, width, count, q1, a1);
    storeLane(sums, width, count, q2, a2);
    storeLane(sums, width, count, q3, a3);
  }
}

/** Splits a lane into its one or two sums. */
function storeLane(sums: Int32Array, width: 1 | 2, count: number, at: number, sum: number): void {
  if (width === 1) {
    sums[at] = sum;
    return;
  }
  const second = Math.floor(sum / secondChannel + 0.5);
  sums[at] = sum - second * secondChannel;
  sums[at + count] = second;
}
