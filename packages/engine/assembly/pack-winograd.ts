/**
 * Filters of Winograd convolutions, U = G·g·Gᵀ, packed as [blocks][positions][steps][8 channels][4 bytes or 2 int16]. F(2×2,
 * 3×3) uses G doubled, [2 0 0; 1 1 1; 1 −1 1; 0 0 2], and F(4×4, 3×3) the G of `winograd4.ts`.
 *
 * Each lane is a filter: nine vectors hold one tap each of four outputs × the inputs of a step. So the transform consists of
 * additions of vectors, and each position results in the sixteen bytes that the inner loop loads.
 */
import { PackWinogradTask } from "./load-tasks";

/** Bytes of one position in `task.step`: two vectors of four outputs. */
const POSITION: usize = 32;

/**
 * Taps 0…3 of one output from `codes`: [4 taps][4 inputs] bytes, or [4 taps][2 inputs] in the low half. Inputs beyond `inputs`
 * are 0.
 */
// @ts-ignore: decorator
@inline function fourTaps<Code>(codes: usize, inputs: i32): v128 {
  const first = v128.load(codes);
  if (sizeof<Code>() == 2) {
    const two = i16x8.extend_low_i8x16_s(v128.shuffle<i8>(first, first, 0, 9, 1, 10, 2, 11, 3, 12, 0, 0, 0, 0, 0, 0, 0, 0));
    return inputs > 1 ? two : v128.and(two, i32x4.splat(0xffff));
  }
  const four = v128.shuffle<i8>(first, v128.load(codes, 16), 0, 9, 18, 27, 1, 10, 19, 28, 2, 11, 20, 29, 3, 12, 21, 30);
  return inputs > 3 ? four : v128.and(four, i32x4.splat((1 << (inputs << 3)) - 1));
}

/** Writes four taps of up to four outputs, `pitch` bytes apart, to `taps`, [4 taps][4 outputs][inputs of a step]. */
// @ts-ignore: decorator
@inline function gatherFour<Code>(codes: usize, pitch: usize, outputs: i32, inputs: i32, taps: usize, isLast: bool): void {
  const zero = i32x4.splat(0);
  const a = outputs > 0 ? fourTaps<Code>(codes, inputs) : zero;
  const b = outputs > 1 ? fourTaps<Code>(codes + pitch, inputs) : zero;
  const c = outputs > 2 ? fourTaps<Code>(codes + 2 * pitch, inputs) : zero;
  const d = outputs > 3 ? fourTaps<Code>(codes + 3 * pitch, inputs) : zero;
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  v128.store(taps, v128.shuffle<i64>(ab, cd, 0, 2));
  if (isLast) return;
  const ab2 = v128.shuffle<i32>(a, b, 2, 6, 3, 7), cd2 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(taps, v128.shuffle<i64>(ab, cd, 1, 3), 16);
  v128.store(taps, v128.shuffle<i64>(ab2, cd2, 0, 2), 32);
  v128.store(taps, v128.shuffle<i64>(ab2, cd2, 1, 3), 48);
}

/** Row `index` of G times (x, y, z), for tiles of `edge` outputs. */
// @ts-ignore: decorator
@inline function combine(edge: i32, index: i32, x: v128, y: v128, z: v128): v128 {
  if (index == 0) return edge == 2 ? i16x8.add(x, x) : x;
  if (index == edge + 1) return edge == 2 ? i16x8.add(z, z) : z;
  const outer = i16x8.add(x, index < 3 ? z : i16x8.shl(z, 2));
  const inner = index < 3 ? y : i16x8.shl(y, 1);
  return index & 1 ? i16x8.add(outer, inner) : i16x8.sub(outer, inner);
}

/** Tap `k` as i16x8: of bytes, two outputs from `taps`. */
// @ts-ignore: decorator
@inline function tap<Code>(taps: usize, k: usize): v128 {
  return sizeof<Code>() == 1 ? v128.load8x8_s(taps + (k << 4)) : v128.load(taps + (k << 4));
}

/** Element (row, column) of G·g. */
// @ts-ignore: decorator
@inline function element<Code>(edge: i32, row: i32, column: usize, taps: usize): v128 {
  return combine(edge, row, tap<Code>(taps, column), tap<Code>(taps, 3 + column), tap<Code>(taps, 6 + column));
}

/** The positions of one row as int16, stored one `POSITION` apart. */
// @ts-ignore: decorator
@inline function storeWords(edge: i32, row: i32, taps: usize, at: usize): void {
  const x = element<i16>(edge, row, 0, taps), y = element<i16>(edge, row, 1, taps), z = element<i16>(edge, row, 2, taps);
  at += <usize>(row * (edge + 2)) * POSITION;
  v128.store(at, combine(edge, 0, x, y, z));
  v128.store(at, combine(edge, 1, x, y, z), POSITION);
  v128.store(at, combine(edge, 2, x, y, z), 2 * POSITION);
  v128.store(at, combine(edge, 3, x, y, z), 3 * POSITION);
  if (edge == 2) return;
  v128.store(at, combine(edge, 4, x, y, z), 4 * POSITION);
  v128.store(at, combine(edge, 5, x, y, z), 5 * POSITION);
}

/**
 * Narrows one position of two outputs each, and stores it.
 *
 * @returns the larger magnitudes
 */
// @ts-ignore: decorator
@inline function storeByte(low: v128, high: v128, at: usize): v128 {
  v128.store(at, i8x16.narrow_i16x8_s(low, high));
  return i16x8.max_s(i16x8.abs(low), i16x8.abs(high));
}

/**
 * The positions of one row of F(2×2, 3×3) as bytes.
 *
 * @returns the largest |U| per lane
 */
// @ts-ignore: decorator
@inline function storeBytes(row: i32, taps: usize, at: usize): v128 {
  const x0 = element<i8>(2, row, 0, taps), y0 = element<i8>(2, row, 1, taps), z0 = element<i8>(2, row, 2, taps);
  taps += 8;
  const x1 = element<i8>(2, row, 0, taps), y1 = element<i8>(2, row, 1, taps), z1 = element<i8>(2, row, 2, taps);
  at += <usize>(row << 2) * POSITION;
  const a = storeByte(combine(2, 0, x0, y0, z0), combine(2, 0, x1, y1, z1), at);
  const b = storeByte(combine(2, 1, x0, y0, z0), combine(2, 1, x1, y1, z1), at + POSITION);
  const c = storeByte(combine(2, 2, x0, y0, z0), combine(2, 2, x1, y1, z1), at + 2 * POSITION);
  const d = storeByte(combine(2, 3, x0, y0, z0), combine(2, 3, x1, y1, z1), at + 3 * POSITION);
  return i16x8.max_s(i16x8.max_s(a, b), i16x8.max_s(c, d));
}

/**
 * One step of a block: the filters of up to eight outputs over the four (or two) inputs of the step. It is assembled in
 * `task.step`, because positions are far apart in the target, often by powers of two that share a cache set.
 *
 * @returns for bytes, the largest |U| per lane
 */
function packStep<Code>(task: PackWinogradTask, edge: i32, firstOutput: i32, input: i32, target: usize): v128 {
  let largest = i32x4.splat(0);
  const positions = (edge + 2) * (edge + 2);
  const taps = task.step + <usize>positions * POSITION;
  const pitch = <usize>(task.inputs * 9);
  let codes = task.codes + <usize>((firstOutput * task.inputs + input) * 9);
  let outputs = task.outputs - firstOutput;
  for (let at = task.step; at < task.step + POSITION; at += 16) {
    const inputs = task.inputs - input;
    gatherFour<Code>(codes, pitch, outputs, inputs, taps, false);
    gatherFour<Code>(codes + 4, pitch, outputs, inputs, taps + 64, false);
    gatherFour<Code>(codes + 8, pitch, outputs, inputs, taps + 128, true);
    if (sizeof<Code>() == 1) {
      largest = i16x8.max_s(largest, i16x8.max_s(storeBytes(0, taps, at), storeBytes(1, taps, at)));
      largest = i16x8.max_s(largest, i16x8.max_s(storeBytes(2, taps, at), storeBytes(3, taps, at)));
    } else {
      storeWords(edge, 0, taps, at);
      storeWords(edge, 1, taps, at);
      storeWords(edge, 2, taps, at);
      storeWords(edge, 3, taps, at);
      if (edge == 4) {
        storeWords(edge, 4, taps, at);
        storeWords(edge, 5, taps, at);
      }
    }
    codes += pitch << 2;
    outputs -= 4;
  }
  let step = task.step;
  for (let position = 0; position < positions; position++) {
    v128.store(target, v128.load(step));
    v128.store(target, v128.load(step, 16), 16);
    step += POSITION;
    target += task.positionPitch;
  }
  return largest;
}

/** Totals of a block of bytes, Σ over inputs of U, for up to eight outputs. */
function sumBytes(task: PackWinogradTask, firstOutput: i32, weights: usize): void {
  const outputs = min(8, task.outputs - firstOutput);
  for (let position = 0; position < 16; position++) {
    let low = i32x4.splat(0), high = i32x4.splat(0);
    for (const end = weights + task.positionPitch; weights < end; weights += 32) {
      low = i32x4.add(low, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(v128.load(weights))));
      high = i32x4.add(high, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(v128.load(weights, 16))));
    }
    v128.store(task.step, low);
    v128.store(task.step, high, 16);
    let to = task.totals + <usize>((firstOutput << 6) + (position << 2));
    for (let output = 0; output < outputs; output++) {
      store<i32>(to, load<i32>(task.step + (<usize>output << 2)));
      to += 64;
    }
  }
}

/** Packs filters as bytes. U beyond ±127 saturates; the host then sees it in `largest` and uses another kernel. */
export function packWinogradBytes(task: PackWinogradTask): void {
  let largest = i32x4.splat(0);
  let block = task.target;
  for (let output = 0; output < task.outputs; output += 8) {
    let target = block;
    for (let input = 0; input < task.inputs; input += 4) {
      largest = i16x8.max_s(largest, packStep<i8>(task, 2, output, input, target));
      target += 32;
    }
    sumBytes(task, output, block);
    block += <usize>task.positionPitch << 4;
  }
  v128.store(task.largest, largest);
}

// @ts-ignore: decorator
@inline function packWords(task: PackWinogradTask, edge: i32): void {
  let block = task.target;
  for (let output = 0; output < task.outputs; output += 8) {
    let target = block;
    for (let input = 0; input < task.inputs; input += 2) {
      packStep<i16>(task, edge, output, input, target);
      target += 32;
    }
    block += <usize>((edge + 2) * (edge + 2) * task.positionPitch);
  }
}

export function packWinogradWords(task: PackWinogradTask): void { packWords(task, 2); }
export function packWinograd4Words(task: PackWinogradTask): void { packWords(task, 4); }
