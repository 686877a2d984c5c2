/**
 * The same tile for weights of at most 4 bits without relaxed instructions. Two weights share a 16-bit lane, w_c + 2^f·w_(c+4),
 * so one `dot_i16x8_s` makes sixteen products. A lane's int32 sum is L + 2^f·H. Before L could leave its f signed bits, it is
 * extracted: L += signExtend_f(sum − L). The host has proved that every run is short enough for that, and that H fits the rest
 * of the lane over the whole sum, so the sums themselves are never reset.
 */
import { PANEL } from "./requantize";
import { ConvTask } from "./tasks";

// @ts-ignore: decorator
@inline function extract(low: usize, sum: v128, unused: i32): void {
  const l = v128.load(low);
  v128.store(low, i32x4.add(l, i32x4.shr_s(i32x4.shl(i32x4.sub(sum, l), unused), unused)));
}

// @ts-ignore: decorator
@inline function high(low: usize, sum: v128, fieldBits: i32): v128 {
  return i32x4.shr_s(i32x4.sub(sum, v128.load(low)), fieldBits);
}

/**
 * Sums of `count` pixels × 16 channels. Channels 0–7 go to `sums` in the layout of `accumulate`, channels 8–15 to the panel
 * after it. Between segments, a lane's raw sum is kept where its high field will be.
 */
export function accumulatePacked(task: ConvTask, input: usize, pixels: usize, count: i32, weights: usize, sums: usize): void {
  const fieldBits = task.fieldBits;
  const unused = 32 - fieldBits;
  const panel = <usize>PANEL * 32;
  let firstRun = task.runs;
  let segment = task.segments;
  for (let s = task.segmentCount; s > 0; s--) {
    const runCount = load<i32>(segment);
    let pixel = pixels;
    let a = sums;
    let tiles = (count + 3) >> 2;
    do {
      const b = a + panel;
      const x0 = input + load<i32>(pixel), x1 = input + load<i32>(pixel, 4);
      const x2 = input + load<i32>(pixel, 8), x3 = input + load<i32>(pixel, 12);
      let s00 = i32x4.splat(0), s01 = i32x4.splat(0), s10 = i32x4.splat(0), s11 = i32x4.splat(0);
      let s20 = i32x4.splat(0), s21 = i32x4.splat(0), s30 = i32x4.splat(0), s31 = i32x4.splat(0);
      if (s == task.segmentCount) {
        const zero = i32x4.splat(0);
        v128.store(a, zero);
        v128.store(a, zero, 32);
        v128.store(a, zero, 64);
        v128.store(a, zero, 96);
        v128.store(b, zero);
        v128.store(b, zero, 32);
        v128.store(b, zero, 64);
        v128.store(b, zero, 96);
      } else {
        s00 = v128.load(a, 16);
        s10 = v128.load(a, 48);
        s20 = v128.load(a, 80);
        s30 = v128.load(a, 112);
        s01 = v128.load(b, 16);
        s11 = v128.load(b, 48);
        s21 = v128.load(b, 80);
        s31 = v128.load(b, 112);
      }
      let w = weights;
      let run = firstRun;
      let runs = runCount;
      do {
        const offset = load<i32>(run);
        let p0 = x0 + offset, p1 = x1 + offset, p2 = x2 + offset, p3 = x3 + offset;
        let steps = load<i32>(run, 4);
        do {
          const w0 = v128.load(w), w1 = v128.load(w, 16);
          let x = v128.load32_splat(p0);
          s00 = i32x4.add(s00, i32x4.dot_i16x8_s(x, w0));
          s01 = i32x4.add(s01, i32x4.dot_i16x8_s(x, w1));
          x = v128.load32_splat(p1);
          s10 = i32x4.add(s10, i32x4.dot_i16x8_s(x, w0));
          s11 = i32x4.add(s11, i32x4.dot_i16x8_s(x, w1));
          x = v128.load32_splat(p2);
          s20 = i32x4.add(s20, i32x4.dot_i16x8_s(x, w0));
          s21 = i32x4.add(s21, i32x4.dot_i16x8_s(x, w1));
          x = v128.load32_splat(p3);
          s30 = i32x4.add(s30, i32x4.dot_i16x8_s(x, w0));
          s31 = i32x4.add(s31, i32x4.dot_i16x8_s(x, w1));
          w += 32;
          p0 += 4;
          p1 += 4;
          p2 += 4;
          p3 += 4;
        } while (--steps);
        extract(a, s00, unused);
        extract(a + 32, s10, unused);
        extract(a + 64, s20, unused);
        extract(a + 96, s30, unused);
        extract(b, s01, unused);
        extract(b + 32, s11, unused);
        extract(b + 64, s21, unused);
        extract(b + 96, s31, unused);
        run += 8;
      } while (--runs);
      if (s == 1) {
        s00 = high(a, s00, fieldBits);
        s10 = high(a + 32, s10, fieldBits);
        s20 = high(a + 64, s20, fieldBits);
        s30 = high(a + 96, s30, fieldBits);
        s01 = high(b, s01, fieldBits);
        s11 = high(b + 32, s11, fieldBits);
        s21 = high(b + 64, s21, fieldBits);
        s31 = high(b + 96, s31, fieldBits);
      }
      v128.store(a, s00, 16);
      v128.store(a, s10, 48);
      v128.store(a, s20, 80);
      v128.store(a, s30, 112);
      v128.store(b, s01, 16);
      v128.store(b, s11, 48);
      v128.store(b, s21, 80);
      v128.store(b, s31, 112);
      pixel += 16;
      a += 128;
    } while (--tiles);
    firstRun += <usize>(runCount << 3);
    weights += load<i32>(segment, 4);
    segment += 8;
  }
}
