/**
 * Filters of Winograd F(2×2, 3×3): U = G·g·Gᵀ with G doubled, [2 0 0; 1 1 1; 1 −1 1; 0 0 2], packed as
 * [blocks][16 positions][steps][8 channels][4 bytes or 2 int16], with the sum over inputs of each U.
 */
import { PackWinogradTask } from "./tasks";

/** Three codes of row a in the low and of row b in the high half, as i16x8; rows are bytes 0–2, 3–5 and 6–8; 16 picks zeros. */
// @ts-ignore: decorator
@inline function rows(g: v128, a: i8, b: i8): v128 {
  return i16x8.extend_low_i8x16_s(
    i8x16.swizzle(g, i8x16(a, a + 1, a + 2, 16, b, b + 1, b + 2, 16, 16, 16, 16, 16, 16, 16, 16, 16)));
}

/** (x, y, z, 0) of each half → (2x, x + y + z, x − y + z, 2z). */
// @ts-ignore: decorator
@inline function transformColumns(t: v128): v128 {
  const outer = i16x8.add(v128.shuffle<i16>(t, t, 0, 0, 0, 2, 4, 4, 4, 6), v128.shuffle<i16>(t, t, 0, 2, 2, 2, 4, 6, 6, 6));
  const middle = i16x8.mul(v128.shuffle<i16>(t, t, 0, 1, 1, 0, 4, 5, 5, 4), i16x8(0, 1, -1, 0, 0, 1, -1, 0));
  return i16x8.add(outer, middle);
}

/** Positions 0–7: the first two rows of G·g·Gᵀ. */
// @ts-ignore: decorator
@inline function upper(g: v128): v128 {
  return transformColumns(i16x8.add(i16x8.add(rows(g, 0, 0), rows(g, 0, 3)), rows(g, 16, 6)));
}

/** Positions 8–15: the last two rows. */
// @ts-ignore: decorator
@inline function lower(g: v128): v128 {
  return transformColumns(i16x8.sub(i16x8.add(rows(g, 6, 6), rows(g, 0, 6)), rows(g, 3, 16)));
}

/** Four 32-bit lanes to four positions of a step, 32 bytes apart. */
// @ts-ignore: decorator
@inline function scatter(v: v128, at: usize): void {
  v128.store32_lane(at, v, 0);
  v128.store32_lane(at, v, 1, 32);
  v128.store32_lane(at, v, 2, 64);
  v128.store32_lane(at, v, 3, 96);
}

/** Low or high eight bytes of two vectors, interleaved. */
// @ts-ignore: decorator
@inline function zipBytesLow(a: v128, b: v128): v128 {
  return v128.shuffle<i8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
// @ts-ignore: decorator
@inline function zipBytesHigh(a: v128, b: v128): v128 {
  return v128.shuffle<i8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
/** Low or high four int16 of two vectors, interleaved. */
// @ts-ignore: decorator
@inline function zipWordsLow(a: v128, b: v128): v128 { return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11); }
// @ts-ignore: decorator
@inline function zipWordsHigh(a: v128, b: v128): v128 { return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15); }

// @ts-ignore: decorator
@inline function addTotals(totals: usize, u: v128, v: v128): void {
  v128.store(totals, i32x4.add(v128.load(totals), i32x4.extend_low_i16x8_s(u)));
  v128.store(totals, i32x4.add(v128.load(totals, 16), i32x4.extend_high_i16x8_s(u)), 16);
  v128.store(totals, i32x4.add(v128.load(totals, 32), i32x4.extend_low_i16x8_s(v)), 32);
  v128.store(totals, i32x4.add(v128.load(totals, 48), i32x4.extend_high_i16x8_s(v)), 48);
}

// @ts-ignore: decorator
@inline function magnitude(u: v128, v: v128): v128 { return i16x8.max_s(i16x8.abs(u), i16x8.abs(v)); }

/**
 * One step of a block: the filters of up to eight outputs over the four (or two) inputs of the step. It is put together in
 * `task.step`, [16 positions][32 bytes], because positions are far apart in the target.
 *
 * @returns the largest |U| of each lane
 */
function packStep<Code>(task: PackWinogradTask, firstOutput: i32, input: i32, target: usize): v128 {
  const zero = i32x4.splat(0);
  let largest = zero;
  const outputs = min(8, task.outputs - firstOutput);
  const left = task.inputs - input;
  let codes = task.codes + <usize>((firstOutput * task.inputs + input) * 9);
  let totals = task.totals + <usize>(firstOutput << 6);
  for (let output = 0; output < outputs; output++) {
    const at = task.step + <usize>(output << 2);
    const g0 = v128.load(codes), g1 = left > 1 ? v128.load(codes, 9) : zero;
    const u0 = upper(g0), v0 = lower(g0), u1 = upper(g1), v1 = lower(g1);
    largest = i16x8.max_s(largest, i16x8.max_s(magnitude(u0, v0), magnitude(u1, v1)));
    addTotals(totals, i16x8.add(u0, u1), i16x8.add(v0, v1));
    if (sizeof<Code>() == 2) {
      scatter(zipWordsLow(u0, u1), at);
      scatter(zipWordsHigh(u0, u1), at + 128);
      scatter(zipWordsLow(v0, v1), at + 256);
      scatter(zipWordsHigh(v0, v1), at + 384);
    } else {
      const g2 = left > 2 ? v128.load(codes, 18) : zero, g3 = left > 3 ? v128.load(codes, 27) : zero;
      const u2 = upper(g2), v2 = lower(g2), u3 = upper(g3), v3 = lower(g3);
      largest = i16x8.max_s(largest, i16x8.max_s(magnitude(u2, v2), magnitude(u3, v3)));
      addTotals(totals, i16x8.add(u2, u3), i16x8.add(v2, v3));
      const b0 = i8x16.narrow_i16x8_s(u0, v0), b1 = i8x16.narrow_i16x8_s(u1, v1);
      const b2 = i8x16.narrow_i16x8_s(u2, v2), b3 = i8x16.narrow_i16x8_s(u3, v3);
      const low01 = zipBytesLow(b0, b1), low23 = zipBytesLow(b2, b3);
      const high01 = zipBytesHigh(b0, b1), high23 = zipBytesHigh(b2, b3);
      scatter(zipWordsLow(low01, low23), at);
      scatter(zipWordsHigh(low01, low23), at + 128);
      scatter(zipWordsLow(high01, high23), at + 256);
      scatter(zipWordsHigh(high01, high23), at + 384);
    }
    codes += <usize>(task.inputs * 9);
    totals += 64;
  }
  let step = task.step;
  for (let position = 0; position < 16; position++) {
    v128.store(target, v128.load(step));
    v128.store(target, v128.load(step, 16), 16);
    step += 32;
    target += task.positionPitch;
  }
  return largest;
}

function pack<Code>(task: PackWinogradTask): void {
  const perStep = 4 / <i32>sizeof<Code>();
  let largest = i16x8.splat(0);
  memory.fill(task.totals, 0, <usize>(task.outputs << 6));
  for (let output = 0; output < task.outputs; output += 8) {
    let target = task.target + <usize>((output << 1) * task.positionPitch);
    memory.fill(task.step, 0, 512);
    for (let input = 0; input < task.inputs; input += perStep) {
      largest = i16x8.max_s(largest, packStep<Code>(task, output, input, target));
      target += 32;
    }
  }
  v128.store(task.largest, largest);
}

/** U beyond ±127 saturates: the host looks at `largest` and then takes another kernel. */
export function packWinogradBytes(task: PackWinogradTask): void { pack<i8>(task); }
export function packWinogradWords(task: PackWinogradTask): void { pack<i16>(task); }
