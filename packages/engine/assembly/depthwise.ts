/** Depthwise convolution: a channel meets only its own filter, so a vector holds eight channels and taps are summed in lanes. */
import { PANEL, requantize } from "./requantize";
import { DepthwiseTask } from "./tasks";
import { loadCodes } from "./vectors";

/** Sums of one pixel in int16: the host has proved them to fit. */
// @ts-ignore: decorator
@inline function narrowSums<T>(x: usize, task: DepthwiseTask, weights: usize, sums: usize): void {
  let sum = i16x8.splat(0);
  let tap = task.taps;
  let w = weights;
  let taps = task.tapCount;
  do {
    sum = i16x8.add(sum, i16x8.mul(loadCodes<T>(x + load<i32>(tap)), v128.load(w)));
    tap += 4;
    w += 16;
  } while (--taps);
  v128.store(sums, i32x4.extend_low_i16x8_s(sum));
  v128.store(sums, i32x4.extend_high_i16x8_s(sum), 16);
}

/** Sums of one pixel in int32: two taps are interleaved for `dot_i16x8_s`; weights stand as [pairs][2 × i16x8] likewise. */
// @ts-ignore: decorator
@inline function wideSums<T>(x: usize, task: DepthwiseTask, weights: usize, sums: usize): void {
  let low = i32x4.splat(0), high = i32x4.splat(0);
  let tap = task.taps;
  let w = weights;
  let pairs = task.tapCount >> 1;
  do {
    const a = loadCodes<T>(x + load<i32>(tap)), b = loadCodes<T>(x + load<i32>(tap, 4));
    low = i32x4.add(low, i32x4.dot_i16x8_s(v128.shuffle<i16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11), v128.load(w)));
    high = i32x4.add(high, i32x4.dot_i16x8_s(v128.shuffle<i16>(a, b, 4, 12, 5, 13, 6, 14, 7, 15), v128.load(w, 16)));
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
      for (let i = 0; i < count; i++) {
        if (sizeof<Wide>() == 4) wideSums<T>(input + load<i32>(offset), task, weights, sums);
        else narrowSums<T>(input + load<i32>(offset), task, weights, sums);
        offset += 4;
        sums += 32;
      }
      requantize(task.output, block, 0, pixel, count, task.sums);
    }
  }
}

export function depthwiseByteNarrow(task: DepthwiseTask): void { depthwise<u8, i16>(task); }
export function depthwiseByteWide(task: DepthwiseTask): void { depthwise<u8, i32>(task); }
export function depthwiseWordNarrow(task: DepthwiseTask): void { depthwise<i16, i16>(task); }
export function depthwiseWordWide(task: DepthwiseTask): void { depthwise<i16, i32>(task); }
