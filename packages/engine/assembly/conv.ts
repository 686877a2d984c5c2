/**
 * Direct convolution without im2col: in the padded channels-last layout, a row of the window is one contiguous run of bytes.
 * The outer loop goes over panels of pixels, the inner one over blocks of channels, so that a panel's input stays in the nearer
 * caches while all weights are read once.
 */
import { accumulatePacked } from "./accumulate-packed";
import { PANEL, requantize } from "./requantize";
import { ConvTask } from "./tasks";

export function convolve<Product>(task: ConvTask): void {
  const pixels = task.pixels;
  for (let pixel = 0; pixel < pixels; pixel += PANEL) {
    const count = min(PANEL, pixels - pixel);
    const offsets = task.inputPixels + (<usize>pixel << 2);
    for (let block = 0; block < task.blocks; block++) {
      const input = task.input + load<i32>(task.blockInputs + (<usize>block << 2));
      const initial = task.initial + <usize>((block * task.segmentCount) << 5);
      changetype<Product>(0).accumulate(task, input, offsets, count, task.weights + <usize>(block * task.blockPitch), initial, task.sums);
      requantize(task.output, block, 0, pixel, count, task.sums);
    }
  }
}

/** Blocks of sixteen channels, two weights per lane. */
export function convolvePacked(task: ConvTask): void {
  const pixels = task.pixels;
  for (let pixel = 0; pixel < pixels; pixel += PANEL) {
    const count = min(PANEL, pixels - pixel);
    const offsets = task.inputPixels + (<usize>pixel << 2);
    for (let block = 0; block < task.blocks; block++) {
      const input = task.input + load<i32>(task.blockInputs + (<usize>block << 2));
      accumulatePacked(task, input, offsets, count, task.weights + <usize>(block * task.blockPitch), task.sums);
      requantize(task.output, block << 1, 0, pixel, count, task.sums);
      requantize(task.output, (block << 1) + 1, 0, pixel, count, task.sums + <usize>PANEL * 32);
    }
  }
}
