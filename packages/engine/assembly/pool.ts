/**
 * Pooling (rule 9): windows are clipped to the image, so padded elements never take part. Eight channels per vector.
 */
import { PoolTask } from "./tasks";
import { loadCodes, MAGIC, MAGIC_BITS, storeCodes } from "./vectors";

// @ts-ignore: decorator
@inline function store(bytes: i32, address: usize, codes: v128): void {
  if (bytes == 1) storeCodes<u8>(address, codes);
  else storeCodes<i16>(address, codes);
}

/** First index at or after `start` that is not negative, in steps of `step`. */
// @ts-ignore: decorator
@inline function clipStart(start: i32, step: i32): i32 {
  return start >= 0 ? start : start + ((step - 1 - start) / step) * step;
}

/** The largest of a window's codes, as eight int16 or sixteen bytes; 0 is the lowest code of any bit width. */
// @ts-ignore: decorator
@inline function largestOf<T>(from: usize, rows: i32, columns: i32, rowStep: usize, columnStep: usize, wide: bool): v128 {
  let largest = i16x8.splat(0);
  do {
    let x = from;
    let n = columns;
    do {
      if (wide) largest = i8x16.max_u(largest, v128.load(x));
      else largest = i16x8.max_s(largest, loadCodes<T>(x));
      x += columnStep;
    } while (--n);
    from += rowStep;
  } while (--rows);
  return largest;
}

function maxPoolOf<T>(task: PoolTask): void {
  const rowStep = <usize>(task.rowPitch * task.dilationHeight), columnStep = <usize>(task.pixelPitch * task.dilationWidth);
  // Bytes to bytes go sixteen channels at a time, but for the last eight of an odd number of blocks.
  const wideBlocks = sizeof<T>() == 1 && task.outputBytes == 1 ? task.blocks & -2 : 0;
  for (let oy = 0; oy < task.outputHeight; oy++) {
    const top = oy * task.strideHeight - task.padTop;
    const y0 = clipStart(top, task.dilationHeight);
    const y1 = min(task.height, top + (task.kernelHeight - 1) * task.dilationHeight + 1);
    const rows = (y1 - y0 + task.dilationHeight - 1) / task.dilationHeight;
    let to = task.output + <usize>(oy * task.outputRowPitch);
    for (let ox = 0; ox < task.outputWidth; ox++) {
      const left = ox * task.strideWidth - task.padLeft;
      const x0 = clipStart(left, task.dilationWidth);
      const x1 = min(task.width, left + (task.kernelWidth - 1) * task.dilationWidth + 1);
      const columns = (x1 - x0 + task.dilationWidth - 1) / task.dilationWidth;
      const from = task.input + <usize>(y0 * task.rowPitch + x0 * task.pixelPitch);
      let block = 0;
      for (; block < wideBlocks; block += 2)
        v128.store(to + (<usize>block << 3), largestOf<T>(from + (<usize>block << 3), rows, columns, rowStep, columnStep, true));
      for (; block < task.blocks; block++) {
        const codes = largestOf<T>(from + (<usize>block << 3) * sizeof<T>(), rows, columns, rowStep, columnStep, false);
        store(task.outputBytes, to + (<usize>block << 3) * <usize>task.outputBytes, codes);
      }
      to += task.outputPixelPitch;
    }
  }
}

function averagePoolOf<T>(task: PoolTask): void {
  const lo = f32x4.splat(f32(task.lo - task.zeroPoint)), hi = f32x4.splat(f32(task.hi - task.zeroPoint));
  const magic = f32x4.splat(MAGIC), bits = i32x4.splat(MAGIC_BITS - task.zeroPoint);
  let multiplierAt = task.multipliers;
  for (let oy = 0; oy < task.outputHeight; oy++) {
    const top = oy * task.strideHeight - task.padTop;
    const y0 = max(0, top), y1 = min(task.height, top + task.kernelHeight);
    let to = task.output + <usize>(oy * task.outputRowPitch);
    for (let ox = 0; ox < task.outputWidth; ox++) {
      const left = ox * task.strideWidth - task.padLeft;
      const x0 = max(0, left), x1 = min(task.width, left + task.kernelWidth);
      const zeroSum = i32x4.splat((y1 - y0) * (x1 - x0) * task.inputZeroPoint);
      const multiplier = f32x4.splat(load<f32>(multiplierAt));
      multiplierAt += 4;
      for (let block = 0; block < task.blocks; block++) {
        const from = task.input + <usize>(block << 3) * sizeof<T>();
        let low = i32x4.splat(0), high = i32x4.splat(0);
        for (let y = y0; y < y1; y++)
          for (let x = x0; x < x1; x++) {
            const q = loadCodes<T>(from + <usize>(y * task.rowPitch + x * task.pixelPitch));
            low = i32x4.add(low, i32x4.extend_low_i16x8_u(q));
            high = i32x4.add(high, i32x4.extend_high_i16x8_u(q));
          }
        low = f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(low, zeroSum)), multiplier);
        high = f32x4.mul(f32x4.convert_i32x4_s(i32x4.sub(high, zeroSum)), multiplier);
        low = i32x4.sub(f32x4.add(f32x4.pmin(f32x4.pmax(low, lo), hi), magic), bits);
        high = i32x4.sub(f32x4.add(f32x4.pmin(f32x4.pmax(high, lo), hi), magic), bits);
        store(task.outputBytes, to + <usize>(block << 3) * <usize>task.outputBytes, i16x8.narrow_i32x4_s(low, high));
      }
      to += task.outputPixelPitch;
    }
  }
}

export function maxPool(task: PoolTask): void {
  if (task.inputBytes == 1) maxPoolOf<u8>(task);
  else maxPoolOf<i16>(task);
}

export function averagePool(task: PoolTask): void {
  if (task.inputBytes == 1) averagePoolOf<u8>(task);
  else averagePoolOf<i16>(task);
}
