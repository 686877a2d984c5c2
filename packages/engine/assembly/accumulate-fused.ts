/**
 * The inner loop with fused products: 6 pixels × 8 channels in twelve vectors. Twelve sums hide the latency of the instruction
 * on processors that start two or four of them per cycle. Pixels that are left over take the 4 × 8 tile of `accumulate.ts`.
 */
import { ConvTask } from "./tasks";

// @ts-ignore: decorator
@inline export function mac(sum: v128, w: v128, x: v128): v128 { return i32x4.relaxed_dot_i8x16_i7x16_add_s(w, x, sum); }

/** Whether the next tile has six pixels. A tile never reads beyond a multiple of four. */
// @ts-ignore: decorator
@inline export function takesSix(left: i32): bool { return left > 8 || left == 5 || left == 6; }

/** Like `accumulate`, with sums that start at 0. */
export function accumulateFused(
  task: ConvTask, input: usize, pixels: usize, count: i32, weights: usize, sums: usize,
): void {
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
          let steps = load<i32>(run, 4);
          do {
            const w0 = v128.load(w), w1 = v128.load(w, 16);
            let x = v128.load32_splat(p0);
            s00 = mac(s00, w0, x);
            s01 = mac(s01, w1, x);
            x = v128.load32_splat(p1);
            s10 = mac(s10, w0, x);
            s11 = mac(s11, w1, x);
            x = v128.load32_splat(p2);
            s20 = mac(s20, w0, x);
            s21 = mac(s21, w1, x);
            x = v128.load32_splat(p3);
            s30 = mac(s30, w0, x);
            s31 = mac(s31, w1, x);
            x = v128.load32_splat(p4);
            s40 = mac(s40, w0, x);
            s41 = mac(s41, w1, x);
            x = v128.load32_splat(p5);
            s50 = mac(s50, w0, x);
            s51 = mac(s51, w1, x);
            w += 32;
            p0 += 4;
            p1 += 4;
            p2 += 4;
            p3 += 4;
            p4 += 4;
            p5 += 4;
          } while (--steps);
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
          let steps = load<i32>(run, 4);
          do {
            const w0 = v128.load(w), w1 = v128.load(w, 16);
            let x = v128.load32_splat(p0);
            s00 = mac(s00, w0, x);
            s01 = mac(s01, w1, x);
            x = v128.load32_splat(p1);
            s10 = mac(s10, w0, x);
            s11 = mac(s11, w1, x);
            x = v128.load32_splat(p2);
            s20 = mac(s20, w0, x);
            s21 = mac(s21, w1, x);
            x = v128.load32_splat(p3);
            s30 = mac(s30, w0, x);
            s31 = mac(s31, w1, x);
            w += 32;
            p0 += 4;
            p1 += 4;
            p2 += 4;
            p3 += 4;
          } while (--steps);
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
