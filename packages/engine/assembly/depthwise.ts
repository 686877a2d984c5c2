/**
 * Depthwise convolution: a channel is multiplied only by its own filter, so a vector holds eight channels and taps are summed
 * in lanes.
 */
import { depthwiseColumns, Pairs, zipHigh, zipLow } from "./depthwise-columns";
import { PANEL, requantize } from "./requantize";
import { DepthwiseTask } from "./tasks";
import { loadCodes } from "./vectors";

// @ts-ignore: decorator
@inline function storeWidened(sums: usize, sum: v128): void {
  v128.store(sums, i32x4.extend_low_i16x8_s(sum));
  v128.store(sums, i32x4.extend_high_i16x8_s(sum), 16);
}

/** Sums of four pixels in int16. The host has proved that they fit. `offsets` has the windows of the pixels. */
// @ts-ignore: decorator
@inline function narrowSums<T>(task: DepthwiseTask, input: usize, offsets: usize, weights: usize, sums: usize): void {
  const x0 = input + load<i32>(offsets), x1 = input + load<i32>(offsets, 4);
  const x2 = input + load<i32>(offsets, 8), x3 = input + load<i32>(offsets, 12);
  let s0 = i16x8.splat(0), s1 = i16x8.splat(0), s2 = i16x8.splat(0), s3 = i16x8.splat(0);
  let tap = task.taps;
  let w = weights;
  let taps = task.tapCount;
  do {
    const offset = <usize>load<i32>(tap);
    const weight = v128.load(w);
    s0 = i16x8.add(s0, i16x8.mul(loadCodes<T>(x0 + offset), weight));
    s1 = i16x8.add(s1, i16x8.mul(loadCodes<T>(x1 + offset), weight));
    s2 = i16x8.add(s2, i16x8.mul(loadCodes<T>(x2 + offset), weight));
    s3 = i16x8.add(s3, i16x8.mul(loadCodes<T>(x3 + offset), weight));
    tap += 4;
    w += 16;
  } while (--taps);
  storeWidened(sums, s0);
  storeWidened(sums + 32, s1);
  storeWidened(sums + 64, s2);
  storeWidened(sums + 96, s3);
}

/** Sums of one pixel in int32: two taps are interleaved for `dot_i16x8_s`, and so are the weights, [pairs][2 × i16x8]. */
// @ts-ignore: decorator
@inline function wideSums<T>(task: DepthwiseTask, x: usize, weights: usize, sums: usize): void {
  let low = i32x4.splat(0), high = i32x4.splat(0);
  let tap = task.taps;
  let w = weights;
  let pairs = task.tapCount >> 1;
  do {
    const a = loadCodes<T>(x + load<i32>(tap)), b = loadCodes<T>(x + load<i32>(tap, 4));
    low = i32x4.add(low, i32x4.dot_i16x8_s(zipLow(a, b), v128.load(w)));
    high = i32x4.add(high, i32x4.dot_i16x8_s(zipHigh(a, b), v128.load(w, 16)));
    tap += 8;
    w += 32;
  } while (--pairs);
  v128.store(sums, low);
  v128.store(sums, high, 16);
}

function depthwise<T, Wide>(task: DepthwiseTask): void {
  for (let pixel = 0; pixel < task.pixels; pixel += PANEL) {
    const count = min(PANEL, task.pixels - pixel);
    for (let block = 0; block < task.blocks; block++) {
      const input = task.input + <usize>(block << 3) * sizeof<T>();
      const weights = task.weights + <usize>(block * task.blockPitch);
      let offset = task.inputPixels + (<usize>pixel << 2);
      let sums = task.sums;
      // The table repeats its last pixel up to a multiple of four.
      for (let i = 0; i < count; i += 4) {
        if (sizeof<Wide>() == 4)
          for (let j = 0; j < 4; j++)
            wideSums<T>(task, input + load<i32>(offset + (<usize>j << 2)), weights, sums + (<usize>j << 5));
        else narrowSums<T>(task, input, offset, weights, sums);
        offset += 16;
        sums += 128;
      }
      requantize(task.output, block, 0, pixel, count, task.sums);
    }
  }
}

export function depthwiseByteNarrow(task: DepthwiseTask): void { depthwise<u8, i16>(task); }
export function depthwiseByteWide(task: DepthwiseTask): void { depthwise<u8, i32>(task); }
export function depthwiseWordNarrow(task: DepthwiseTask): void { depthwise<i16, i16>(task); }
export function depthwiseWordWide(task: DepthwiseTask): void { depthwise<i16, i32>(task); }
export function depthwiseByteColumns(task: DepthwiseTask): void { depthwiseColumns<u8, Pairs<u8>>(task); }
export function depthwiseWordColumns(task: DepthwiseTask): void { depthwiseColumns<i16, Pairs<i16>>(task); }
