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

/** Four 32-bit lanes to four positions. */
// @ts-ignore: decorator
@inline function scatter(v: v128, at: usize, pitch: usize): void {
  v128.store32_lane(at, v, 0);
  v128.store32_lane(at + pitch, v, 1);
  v128.store32_lane(at + 2 * <i32>pitch, v, 2);
  v128.store32_lane(at + 3 * <i32>pitch, v, 3);
}

/** One filter of all inputs. @returns the largest |U| of each lane */
function packFilter<Code>(task: PackWinogradTask, output: i32, largest: v128): v128 {
  const perStep = 4 / <i32>sizeof<Code>();
  const pitch = <usize>task.positionPitch;
  let target = task.target + <usize>((output >> 3) * 16) * pitch + <usize>((output & 7) << 2);
  let codes = task.codes + <usize>(output * task.inputs * 9);
  let t0 = i32x4.splat(0), t1 = i32x4.splat(0), t2 = i32x4.splat(0), t3 = i32x4.splat(0);
  const zero = i32x4.splat(0);
  for (let input = 0; input < task.inputs; input += perStep) {
    let first = zero, second = zero, low = zero, high = zero, low2 = zero, high2 = zero;
    for (let i = 0; i < perStep; i++) {
      const g = input + i < task.inputs ? v128.load(codes) : zero;
      codes += 9;
      const u = upper(g), v = lower(g);
      largest = i16x8.max_s(largest, i16x8.max_s(i16x8.abs(u), i16x8.abs(v)));
      t0 = i32x4.add(t0, i32x4.extend_low_i16x8_s(u));
      t1 = i32x4.add(t1, i32x4.extend_high_i16x8_s(u));
      t2 = i32x4.add(t2, i32x4.extend_low_i16x8_s(v));
      t3 = i32x4.add(t3, i32x4.extend_high_i16x8_s(v));
      if (sizeof<Code>() == 2) {
        if (i == 0) { first = u; second = v; }
        else {
          low = v128.shuffle<i16>(first, u, 0, 8, 1, 9, 2, 10, 3, 11);
          high = v128.shuffle<i16>(first, u, 4, 12, 5, 13, 6, 14, 7, 15);
          low2 = v128.shuffle<i16>(second, v, 0, 8, 1, 9, 2, 10, 3, 11);
          high2 = v128.shuffle<i16>(second, v, 4, 12, 5, 13, 6, 14, 7, 15);
        }
      } else {
        const bytes = i8x16.narrow_i16x8_s(u, v);
        if (i == 0) first = bytes;
        else if (i == 1) {
          low = v128.shuffle<i8>(first, bytes, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
          high = v128.shuffle<i8>(first, bytes, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        } else if (i == 2) first = bytes;
        else {
          const l = v128.shuffle<i8>(first, bytes, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
          const h = v128.shuffle<i8>(first, bytes, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
          low2 = v128.shuffle<i16>(high, h, 0, 8, 1, 9, 2, 10, 3, 11);
          high2 = v128.shuffle<i16>(high, h, 4, 12, 5, 13, 6, 14, 7, 15);
          high = v128.shuffle<i16>(low, l, 4, 12, 5, 13, 6, 14, 7, 15);
          low = v128.shuffle<i16>(low, l, 0, 8, 1, 9, 2, 10, 3, 11);
        }
      }
    }
    scatter(low, target, pitch);
    scatter(high, target + 4 * <i32>pitch, pitch);
    scatter(low2, target + 8 * <i32>pitch, pitch);
    scatter(high2, target + 12 * <i32>pitch, pitch);
    target += 32;
  }
  const totals = task.totals + <usize>(output << 6);
  v128.store(totals, t0);
  v128.store(totals, t1, 16);
  v128.store(totals, t2, 32);
  v128.store(totals, t3, 48);
  return largest;
}

function pack<Code>(task: PackWinogradTask): void {
  let largest = i16x8.splat(0);
  for (let output = 0; output < task.outputs; output++) largest = packFilter<Code>(task, output, largest);
  v128.store(task.largest, largest);
}

/** U beyond ±127 saturates: the host looks at `largest` and then takes another kernel. */
export function packWinogradBytes(task: PackWinogradTask): void { pack<i8>(task); }
export function packWinogradWords(task: PackWinogradTask): void { pack<i16>(task); }
