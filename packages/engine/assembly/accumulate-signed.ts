/**
 * The inner loop for processors that multiply signed bytes by `sdot` (arm64), where an instruction costs about the same whether it
 * loads, broadcasts or multiplies: sixteen bytes of a pixel are loaded at once, and broadcast from the register. The tile is that of
 * `accumulate-fused.ts`.
 */
import { takesSix } from "./accumulate-fused";
import { ConvTask } from "./tasks";

// @ts-ignore: decorator
@inline function mac(sum: v128, w: v128, x: v128): v128 { return i32x4.relaxed_dot_i8x16_i7x16_add_s(w, x, sum); }

/** Four steps: `a` by the first four bytes of `x`, `b` by the next. */
// @ts-ignore: decorator
@inline function four(sum: v128, x: v128, a: v128, b: v128, c: v128, d: v128): v128 {
  sum = mac(sum, a, v128.shuffle<i32>(x, x, 0, 0, 0, 0));
  sum = mac(sum, b, v128.shuffle<i32>(x, x, 1, 1, 1, 1));
  sum = mac(sum, c, v128.shuffle<i32>(x, x, 2, 2, 2, 2));
  return mac(sum, d, v128.shuffle<i32>(x, x, 3, 3, 3, 3));
}

/** As `accumulate`, with sums that start at 0. */
export function accumulateSigned(
  task: ConvTask, input: usize, pixels: usize, count: i32, weights: usize, sums: usize,
): void {
  const flip = i8x16.splat(<i8>task.flip);
  let firstRun = task.runs;
  let segment = task.segments;
  for (let s = task.segmentCount; s > 0; s--) {
    const runCount = load<i32>(segment);
    let pixel = pixels;
    let sum = sums;
    let left = count;
    do {
      let w = weights;
      let run = firstRun;
      let runs = runCount;
      let s00 = i32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
      let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
      const x0 = input + load<i32>(pixel), x1 = input + load<i32>(pixel, 4);
      const x2 = input + load<i32>(pixel, 8), x3 = input + load<i32>(pixel, 12);
      if (takesSix(left)) {
        let s40 = s00, s41 = s00, s50 = s00, s51 = s00;
        const x4 = input + load<i32>(pixel, 16), x5 = input + load<i32>(pixel, 20);
        do {
          const offset = load<i32>(run);
          let p0 = x0 + offset, p1 = x1 + offset, p2 = x2 + offset, p3 = x3 + offset, p4 = x4 + offset, p5 = x5 + offset;
          const steps = load<i32>(run, 4);
          for (let quads = steps >> 2; quads > 0; quads--) {
            const a0 = v128.load(w), a1 = v128.load(w, 16), b0 = v128.load(w, 32), b1 = v128.load(w, 48);
            const c0 = v128.load(w, 64), c1 = v128.load(w, 80), d0 = v128.load(w, 96), d1 = v128.load(w, 112);
            let x = v128.xor(v128.load(p0), flip);
            s00 = four(s00, x, a0, b0, c0, d0);
            s01 = four(s01, x, a1, b1, c1, d1);
            x = v128.xor(v128.load(p1), flip);
            s10 = four(s10, x, a0, b0, c0, d0);
            s11 = four(s11, x, a1, b1, c1, d1);
            x = v128.xor(v128.load(p2), flip);
            s20 = four(s20, x, a0, b0, c0, d0);
            s21 = four(s21, x, a1, b1, c1, d1);
            x = v128.xor(v128.load(p3), flip);
            s30 = four(s30, x, a0, b0, c0, d0);
            s31 = four(s31, x, a1, b1, c1, d1);
            x = v128.xor(v128.load(p4), flip);
            s40 = four(s40, x, a0, b0, c0, d0);
            s41 = four(s41, x, a1, b1, c1, d1);
            x = v128.xor(v128.load(p5), flip);
            s50 = four(s50, x, a0, b0, c0, d0);
            s51 = four(s51, x, a1, b1, c1, d1);
            w += 128;
            p0 += 16;
            p1 += 16;
            p2 += 16;
            p3 += 16;
            p4 += 16;
            p5 += 16;
          }
          for (let left = steps & 3; left > 0; left--) {
            const w0 = v128.load(w), w1 = v128.load(w, 16);
            let x = v128.xor(v128.load32_splat(p0), flip);
            s00 = mac(s00, w0, x);
            s01 = mac(s01, w1, x);
            x = v128.xor(v128.load32_splat(p1), flip);
            s10 = mac(s10, w0, x);
            s11 = mac(s11, w1, x);
            x = v128.xor(v128.load32_splat(p2), flip);
            s20 = mac(s20, w0, x);
            s21 = mac(s21, w1, x);
            x = v128.xor(v128.load32_splat(p3), flip);
            s30 = mac(s30, w0, x);
            s31 = mac(s31, w1, x);
            x = v128.xor(v128.load32_splat(p4), flip);
            s40 = mac(s40, w0, x);
            s41 = mac(s41, w1, x);
            x = v128.xor(v128.load32_splat(p5), flip);
            s50 = mac(s50, w0, x);
            s51 = mac(s51, w1, x);
            w += 32;
            p0 += 4;
            p1 += 4;
            p2 += 4;
            p3 += 4;
            p4 += 4;
            p5 += 4;
          }
          run += 8;
        } while (--runs);
        if (s != task.segmentCount) {
          s40 = i32x4.add(v128.load(sum, 128), s40);
          s41 = i32x4.add(v128.load(sum, 144), s41);
          s50 = i32x4.add(v128.load(sum, 160), s50);
          s51 = i32x4.add(v128.load(sum, 176), s51);
        }
        v128.store(sum, s40, 128);
        v128.store(sum, s41, 144);
        v128.store(sum, s50, 160);
        v128.store(sum, s51, 176);
      } else {
        do {
          const offset = load<i32>(run);
          let p0 = x0 + offset, p1 = x1 + offset, p2 = x2 + offset, p3 = x3 + offset;
          const steps = load<i32>(run, 4);
          for (let quads = steps >> 2; quads > 0; quads--) {
            const a0 = v128.load(w), a1 = v128.load(w, 16), b0 = v128.load(w, 32), b1 = v128.load(w, 48);
            const c0 = v128.load(w, 64), c1 = v128.load(w, 80), d0 = v128.load(w, 96), d1 = v128.load(w, 112);
            let x = v128.xor(v128.load(p0), flip);
            s00 = four(s00, x, a0, b0, c0, d0);
            s01 = four(s01, x, a1, b1, c1, d1);
            x = v128.xor(v128.load(p1), flip);
            s10 = four(s10, x, a0, b0, c0, d0);
            s11 = four(s11, x, a1, b1, c1, d1);
            x = v128.xor(v128.load(p2), flip);
            s20 = four(s20, x, a0, b0, c0, d0);
            s21 = four(s21, x, a1, b1, c1, d1);
            x = v128.xor(v128.load(p3), flip);
            s30 = four(s30, x, a0, b0, c0, d0);
            s31 = four(s31, x, a1, b1, c1, d1);
            w += 128;
            p0 += 16;
            p1 += 16;
            p2 += 16;
            p3 += 16;
          }
          for (let left = steps & 3; left > 0; left--) {
            const w0 = v128.load(w), w1 = v128.load(w, 16);
            let x = v128.xor(v128.load32_splat(p0), flip);
            s00 = mac(s00, w0, x);
            s01 = mac(s01, w1, x);
            x = v128.xor(v128.load32_splat(p1), flip);
            s10 = mac(s10, w0, x);
            s11 = mac(s11, w1, x);
            x = v128.xor(v128.load32_splat(p2), flip);
            s20 = mac(s20, w0, x);
            s21 = mac(s21, w1, x);
            x = v128.xor(v128.load32_splat(p3), flip);
            s30 = mac(s30, w0, x);
            s31 = mac(s31, w1, x);
            w += 32;
            p0 += 4;
            p1 += 4;
            p2 += 4;
            p3 += 4;
          }
          run += 8;
        } while (--runs);
      }
      if (s != task.segmentCount) {
        s00 = i32x4.add(v128.load(sum), s00);
        s01 = i32x4.add(v128.load(sum, 16), s01);
        s10 = i32x4.add(v128.load(sum, 32), s10);
        s11 = i32x4.add(v128.load(sum, 48), s11);
        s20 = i32x4.add(v128.load(sum, 64), s20);
        s21 = i32x4.add(v128.load(sum, 80), s21);
        s30 = i32x4.add(v128.load(sum, 96), s30);
        s31 = i32x4.add(v128.load(sum, 112), s31);
      }
      v128.store(sum, s00);
      v128.store(sum, s01, 16);
      v128.store(sum, s10, 32);
      v128.store(sum, s11, 48);
      v128.store(sum, s20, 64);
      v128.store(sum, s21, 80);
      v128.store(sum, s30, 96);
      v128.store(sum, s31, 112);
      const taken = takesSix(left) ? 6 : 4;
      pixel += <usize>(taken << 2);
      sum += <usize>(taken << 5);
      left -= taken;
    } while (left > 0);
    firstRun += <usize>(runCount << 3);
    weights += load<i32>(segment, 4);
    segment += 8;
  }
}
