/**
 * Depthwise convolution with adjacent 3 × 3 taps and a step of one or two pixels. A column of three taps is loaded and ordered
 * for its products once, for all outputs that read it. It processes eight channels at a time, with sums in int32.
 *
 * `Form` holds a column as operands `a` and `b` (channels 0…3 and 4…7), and as `c` and `d` if its products need two more.
 */
import { PANEL, requantize } from "./requantize";
import { DepthwiseTask } from "./tasks";
import { loadCodes } from "./vectors";

// @ts-ignore: decorator
@inline export function zipLow(a: v128, b: v128): v128 { return v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11); }
// @ts-ignore: decorator
@inline export function zipHigh(a: v128, b: v128): v128 { return v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15); }

/**
 * Products of int16: a lane of `a` and `b` has the first two taps of a channel, a lane of `c` and `d` its third tap and a zero.
 */
@unmanaged export class Pairs<T> {
  // @ts-ignore: decorator
  @inline weightBytes(): usize { return 64; }
  // @ts-ignore: decorator
  @inline a(x: usize, row1: usize, row2: usize): v128 { return zipLow(loadCodes<T>(x), loadCodes<T>(x + row1)); }
  // @ts-ignore: decorator
  @inline b(x: usize, row1: usize, row2: usize): v128 { return zipHigh(loadCodes<T>(x), loadCodes<T>(x + row1)); }
  // @ts-ignore: decorator
  @inline c(x: usize, row2: usize): v128 { return i32x4.extend_low_i16x8_u(loadCodes<T>(x + row2)); }
  // @ts-ignore: decorator
  @inline d(x: usize, row2: usize): v128 { return i32x4.extend_high_i16x8_u(loadCodes<T>(x + row2)); }
  // @ts-ignore: decorator
  @inline low(sum: v128, a: v128, c: v128, w: usize): v128 {
    return i32x4.add(i32x4.add(sum, i32x4.dot_i16x8_s(a, v128.load(w))), i32x4.dot_i16x8_s(c, v128.load(w, 32)));
  }
  // @ts-ignore: decorator
  @inline high(sum: v128, b: v128, d: v128, w: usize): v128 {
    return i32x4.add(i32x4.add(sum, i32x4.dot_i16x8_s(b, v128.load(w, 16))), i32x4.dot_i16x8_s(d, v128.load(w, 48)));
  }
}

/**
 * Outputs of one row, from the window at `x`, one pixel apart. Each column is the third of one window, the second of the next
 * and the first of the one after.
 */
// @ts-ignore: decorator
@inline function single<Form>(task: DepthwiseTask, start: usize, count: i32, w0: usize, target: usize): void {
  const form = changetype<Form>(0);
  const row1 = <usize>load<i32>(task.taps, 12), row2 = <usize>load<i32>(task.taps, 24), pitch = <usize>task.columnPitch;
  const w1 = w0 + form.weightBytes(), w2 = w1 + form.weightBytes();
  const zero = i32x4.splat(0);
  let x = start;
  let sums = target;
  let a = form.a(x, row1, row2), b = form.b(x, row1, row2), c = form.c(x, row2), d = form.d(x, row2);
  let low0 = form.low(zero, a, c, w0), high0 = form.high(zero, b, d, w0);
  x += pitch;
  a = form.a(x, row1, row2), b = form.b(x, row1, row2), c = form.c(x, row2), d = form.d(x, row2);
  low0 = form.low(low0, a, c, w1), high0 = form.high(high0, b, d, w1);
  let low1 = form.low(zero, a, c, w0), high1 = form.high(zero, b, d, w0);
  let left = count;
  do {
    x += pitch;
    a = form.a(x, row1, row2), b = form.b(x, row1, row2), c = form.c(x, row2), d = form.d(x, row2);
    v128.store(sums, form.low(low0, a, c, w2));
    v128.store(sums, form.high(high0, b, d, w2), 16);
    low0 = form.low(low1, a, c, w1), high0 = form.high(high1, b, d, w1);
    low1 = form.low(zero, a, c, w0), high1 = form.high(zero, b, d, w0);
    sums += 32;
  } while (--left);
}

/** The same, two pixels apart: every second column is the third of one window and the first of the next. */
// @ts-ignore: decorator
@inline function double<Form>(task: DepthwiseTask, start: usize, count: i32, w0: usize, target: usize): void {
  const form = changetype<Form>(0);
  const row1 = <usize>load<i32>(task.taps, 12), row2 = <usize>load<i32>(task.taps, 24), pitch = <usize>task.columnPitch;
  const w1 = w0 + form.weightBytes(), w2 = w1 + form.weightBytes();
  const zero = i32x4.splat(0);
  let x = start;
  let sums = target;
  let a = form.a(x, row1, row2), b = form.b(x, row1, row2), c = form.c(x, row2), d = form.d(x, row2);
  let low = form.low(zero, a, c, w0), high = form.high(zero, b, d, w0);
  let left = count;
  do {
    x += pitch;
    a = form.a(x, row1, row2), b = form.b(x, row1, row2), c = form.c(x, row2), d = form.d(x, row2);
    low = form.low(low, a, c, w1), high = form.high(high, b, d, w1);
    x += pitch;
    a = form.a(x, row1, row2), b = form.b(x, row1, row2), c = form.c(x, row2), d = form.d(x, row2);
    v128.store(sums, form.low(low, a, c, w2));
    v128.store(sums, form.high(high, b, d, w2), 16);
    low = form.low(zero, a, c, w0), high = form.high(zero, b, d, w0);
    sums += 32;
  } while (--left);
}

export function depthwiseColumns<T, Form>(task: DepthwiseTask): void {
  for (let pixel = 0; pixel < task.pixels; pixel += PANEL) {
    const count = min(PANEL, task.pixels - pixel);
    const first = (task.column + pixel) % task.width;
    for (let block = 0; block < task.blocks; block++) {
      const input = task.input + <usize>(block << 3) * sizeof<T>();
      const weights = task.weights + <usize>(block * task.blockPitch);
      let offset = task.inputPixels + (<usize>pixel << 2);
      let sums = task.sums;
      let left = count;
      let run = min(left, task.width - first);
      do {
        const x = input + load<i32>(offset);
        if (task.stride == 1) single<Form>(task, x, run, weights, sums);
        else double<Form>(task, x, run, weights, sums);
        offset += <usize>run << 2;
        sums += <usize>run << 5;
        left -= run;
        run = min(left, task.width);
      } while (left > 0);
      requantize(task.output, block, 0, pixel, count, task.sums);
    }
  }
}
