/**
 * The inner loop of convolution, Winograd products and linear layers: a tile of 4 pixels × 8 channels in eight vectors.
 *
 * Every step broadcasts four bytes of each pixel and multiplies them by two vectors of weights. V8 hoists all loads of a basic
 * block, and 8 sums + 4 broadcasts + 2 weights + 1 temporary are the 15 registers that it can allocate. Hence the 4×2 tile, one
 * step per iteration, and broadcasting loads from pointers without offsets.
 */
import { ConvTask } from "./tasks";

/**
 * Sums of `count` pixels × 8 channels, int32[count rounded up to 4][8], written to `sums`. The outer loop goes over segments,
 * so that the weights of a segment stay in the first-level cache for all tiles of the panel.
 *
 * @param pixels   i32 offsets of the windows from `input`, readable up to a multiple of four
 * @param initial  start of narrow sums in each segment: two vectors for the eight channels
 */
export function accumulate<Product>(
  task: ConvTask, input: usize, pixels: usize, count: i32, weights: usize, initial: usize, sums: usize,
): void {
  const product = changetype<Product>(0);
  let firstRun = task.runs;
  let segment = task.segments;
  for (let s = task.segmentCount; s > 0; s--) {
    const runCount = load<i32>(segment);
    const initial0 = product.start(initial), initial1 = product.start(initial + 16);
    let pixel = pixels;
    let sum = sums;
    let tiles = (count + 3) >> 2;
    do {
      const x0 = input + load<i32>(pixel), x1 = input + load<i32>(pixel, 4);
      const x2 = input + load<i32>(pixel, 8), x3 = input + load<i32>(pixel, 12);
      let s00 = initial0, s01 = initial1, s10 = initial0, s11 = initial1;
      let s20 = initial0, s21 = initial1, s30 = initial0, s31 = initial1;
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
          s00 = product.mac(s00, w0, x);
          s01 = product.mac(s01, w1, x);
          x = v128.load32_splat(p1);
          s10 = product.mac(s10, w0, x);
          s11 = product.mac(s11, w1, x);
          x = v128.load32_splat(p2);
          s20 = product.mac(s20, w0, x);
          s21 = product.mac(s21, w1, x);
          x = v128.load32_splat(p3);
          s30 = product.mac(s30, w0, x);
          s31 = product.mac(s31, w1, x);
          w += 32;
          p0 += 4;
          p1 += 4;
          p2 += 4;
          p3 += 4;
        } while (--steps);
        run += 8;
      } while (--runs);
      if (s == task.segmentCount) {
        v128.store(sum, product.widen(s00));
        v128.store(sum, product.widen(s01), 16);
        v128.store(sum, product.widen(s10), 32);
        v128.store(sum, product.widen(s11), 48);
        v128.store(sum, product.widen(s20), 64);
        v128.store(sum, product.widen(s21), 80);
        v128.store(sum, product.widen(s30), 96);
        v128.store(sum, product.widen(s31), 112);
      } else {
        v128.store(sum, i32x4.add(v128.load(sum), product.widen(s00)));
        v128.store(sum, i32x4.add(v128.load(sum, 16), product.widen(s01)), 16);
        v128.store(sum, i32x4.add(v128.load(sum, 32), product.widen(s10)), 32);
        v128.store(sum, i32x4.add(v128.load(sum, 48), product.widen(s11)), 48);
        v128.store(sum, i32x4.add(v128.load(sum, 64), product.widen(s20)), 64);
        v128.store(sum, i32x4.add(v128.load(sum, 80), product.widen(s21)), 80);
        v128.store(sum, i32x4.add(v128.load(sum, 96), product.widen(s30)), 96);
        v128.store(sum, i32x4.add(v128.load(sum, 112), product.widen(s31)), 112);
      }
      pixel += 16;
      sum += 128;
    } while (--tiles);
    firstRun += <usize>(runCount << 3);
    weights += load<i32>(segment, 4);
    segment += 8;
    initial += 32;
  }
}
