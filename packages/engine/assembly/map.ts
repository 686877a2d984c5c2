/**
 * Elementwise operators over stored tensors: addition and rescaling (rules 6, 7), products (rule 11), tables, and moves of
 * whole channel ranges.
 */
import { MapTask } from "./tasks";
import { loadCodes, MAGIC, MAGIC_BITS, storeCodes } from "./vectors";

// @ts-ignore: decorator
@inline function loadAny(bytes: i32, address: usize): v128 {
  return bytes == 1 ? loadCodes<u8>(address) : loadCodes<i16>(address);
}

// @ts-ignore: decorator
@inline function loadOne(bytes: i32, address: usize): i32 {
  return bytes == 1 ? <i32>load<u8>(address) : <i32>load<i16>(address);
}

// @ts-ignore: decorator
@inline function storeOne(bytes: i32, address: usize, code: i32): void {
  if (bytes == 1) store<u8>(address, <u8>code);
  else store<i16>(address, <i16>code);
}

/** q = rne(clamp(fround(fround(a − z_a)·m_a) [+ fround(fround(b − z_b)·m_b)], lo − z, hi − z)) + z; channels a multiple of 8. */
export function add(task: MapTask): void {
  const lo = f32x4.splat(f32(task.lo - task.zeroPoint)), hi = f32x4.splat(f32(task.hi - task.zeroPoint));
  const magic = f32x4.splat(MAGIC), bits = i32x4.splat(MAGIC_BITS - task.zeroPoint);
  const firstZero = i16x8.splat(<i16>task.firstZeroPoint), secondZero = i16x8.splat(<i16>task.secondZeroPoint);
  const firstMultiplier = f32x4.splat(task.firstMultiplier), secondMultiplier = f32x4.splat(task.secondMultiplier);
  const hasSecond = task.second != 0;
  for (let pixel = 0; pixel < task.pixels; pixel++) {
    const at = <usize>pixel << 2;
    let a = task.first + load<i32>(task.firstPixels + at);
    let b = hasSecond ? task.second + load<i32>(task.secondPixels + at) : 0;
    let to = task.output + load<i32>(task.outputPixels + at);
    for (let channel = 0; channel < task.channels; channel += 8) {
      const x = i16x8.sub(loadAny(task.firstBytes, a), firstZero);
      let low = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(x)), firstMultiplier);
      let high = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(x)), firstMultiplier);
      if (hasSecond) {
        const y = i16x8.sub(loadAny(task.secondBytes, b), secondZero);
        low = f32x4.add(low, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(y)), secondMultiplier));
        high = f32x4.add(high, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(y)), secondMultiplier));
        b += <usize>(task.secondBytes << 3);
      }
      low = i32x4.sub(f32x4.add(f32x4.pmin(f32x4.pmax(low, lo), hi), magic), bits);
      high = i32x4.sub(f32x4.add(f32x4.pmin(f32x4.pmax(high, lo), hi), magic), bits);
      const codes = i16x8.narrow_i32x4_s(low, high);
      if (task.outputBytes == 1) storeCodes<u8>(to, codes);
      else storeCodes<i16>(to, codes);
      a += <usize>(task.firstBytes << 3);
      to += <usize>(task.outputBytes << 3);
    }
  }
}

/** q = rne(clamp(fround(fround((a − z_a)·(b − z_b))·m), lo − z, hi − z)) + z; channels a multiple of 8. */
export function multiply(task: MapTask): void {
  const lo = f32x4.splat(f32(task.lo - task.zeroPoint)), hi = f32x4.splat(f32(task.hi - task.zeroPoint));
  const magic = f32x4.splat(MAGIC), bits = i32x4.splat(MAGIC_BITS - task.zeroPoint);
  const firstZero = i16x8.splat(<i16>task.firstZeroPoint), secondZero = i16x8.splat(<i16>task.secondZeroPoint);
  const multiplier = f32x4.splat(task.firstMultiplier);
  for (let pixel = 0; pixel < task.pixels; pixel++) {
    const at = <usize>pixel << 2;
    let a = task.first + load<i32>(task.firstPixels + at);
    let b = task.second + load<i32>(task.secondPixels + at);
    let to = task.output + load<i32>(task.outputPixels + at);
    for (let channel = 0; channel < task.channels; channel += 8) {
      const x = i16x8.sub(loadAny(task.firstBytes, a), firstZero);
      const y = i16x8.sub(loadAny(task.secondBytes, b), secondZero);
      // Differences of codes lie within ±255, products within ±65,025.
      let low = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extmul_low_i16x8_s(x, y)), multiplier);
      let high = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extmul_high_i16x8_s(x, y)), multiplier);
      low = i32x4.sub(f32x4.add(f32x4.pmin(f32x4.pmax(low, lo), hi), magic), bits);
      high = i32x4.sub(f32x4.add(f32x4.pmin(f32x4.pmax(high, lo), hi), magic), bits);
      const codes = i16x8.narrow_i32x4_s(low, high);
      if (task.outputBytes == 1) storeCodes<u8>(to, codes);
      else storeCodes<i16>(to, codes);
      a += <usize>(task.firstBytes << 3);
      b += <usize>(task.secondBytes << 3);
      to += <usize>(task.outputBytes << 3);
    }
  }
}

/**
 * q = table[a], with one table or one per channel. The index is one byte, so even a damaged code stays inside the
 * table.
 */
export function table(task: MapTask): void {
  for (let pixel = 0; pixel < task.pixels; pixel++) {
    const at = <usize>pixel << 2;
    let a = task.first + load<i32>(task.firstPixels + at);
    let to = task.output + load<i32>(task.outputPixels + at);
    let table = task.table;
    for (let channel = 0; channel < task.channels; channel++) {
      storeOne(task.outputBytes, to, load<u8>(table + <usize>load<u8>(a)));
      table += task.tablePitch;
      a += task.firstBytes;
      to += task.outputBytes;
    }
  }
}

/** q = a, for a range of channels of each pixel. */
export function move(task: MapTask): void {
  for (let pixel = 0; pixel < task.pixels; pixel++) {
    const at = <usize>pixel << 2;
    let a = task.first + load<i32>(task.firstPixels + at);
    let to = task.output + load<i32>(task.outputPixels + at);
    if (task.firstBytes == task.outputBytes) memory.copy(to, a, <usize>(task.channels * task.firstBytes));
    else
      for (let channel = 0; channel < task.channels; channel++) {
        storeOne(task.outputBytes, to, loadOne(task.firstBytes, a));
        a += task.firstBytes;
        to += task.outputBytes;
      }
  }
}
