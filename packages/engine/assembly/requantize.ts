/**
 * The epilogue of every convolution (rules 5, 6, 7): int32 sums of up to `PANEL` pixels × 8 channels become codes.
 *
 *   v = fround(fround(acc + bias) · m[c])  [+ fround(fround(r − z_r) · m_r)]
 *   q = rne(clamp(v, lo − z, hi − z)) + z
 *   copy: q' = rne(clamp(fround((q − z) · m'), lo' − z', hi' − z')) + z'
 *
 * Clamping first, in float32, keeps |v| below 2^22, where adding 1.5·2^23 rounds half-to-even. The parameters of the eight
 * channels stay in registers over the whole panel. If |v| is below 2^22 anyway (`isBounded`), clamping after rounding gives the same.
 */
import { OutputTask } from "./tasks";
import { loadCodes, MAGIC_BITS, storeCodes } from "./vectors";

/** Pixels of one panel of sums. */
export const PANEL: i32 = 64;

/** Element type of an operand that does not exist. */
type Absent = f64;

/** No operand is ever NaN, and 0 and −0 round to the same code: all forms of minimum and maximum agree. The relaxed is one instruction everywhere. */
// @ts-ignore: decorator
@inline function clamp(v: v128, lo: v128, hi: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD
    ? f32x4.relaxed_min(f32x4.relaxed_max(v, lo), hi)
    : f32x4.pmin(f32x4.pmax(v, lo), hi);
}

// @ts-ignore: decorator
@inline function round(v: v128, lo: v128, hi: v128, magic: v128): v128 { return f32x4.add(clamp(v, lo, hi), magic); }

function requantizePanel<Residual, Output, Copy>(
  task: OutputTask, parameters: usize, bias: usize, channelIndex: i32, pixel: i32, count: i32, sums: usize,
): void {
  const multiplier0 = v128.load(parameters), multiplier1 = v128.load(parameters, 16);
  const bias0 = v128.load(bias), bias1 = v128.load(bias, 16);
  const bits = i32x4.splat(MAGIC_BITS - task.zeroPoint);
  // The bits of 1.5·2^23, as no constant: V8 would form that anew at every use.
  const magic = i32x4.add(bits, i32x4.splat(task.zeroPoint));
  const lo = f32x4.splat(f32(task.lo - task.zeroPoint)), hi = f32x4.splat(f32(task.hi - task.zeroPoint));
  let outputPixel = task.outputPixels + (<usize>pixel << 2);
  const output = task.output + <usize>channelIndex * sizeof<Output>();
  let residualPixel: usize = 0, residual: usize = 0, residualZero = i16x8.splat(0), residualMultiplier = f32x4.splat(0);
  if (!isFloat<Residual>()) {
    residualPixel = task.residualPixels + (<usize>pixel << 2);
    residual = task.residual + <usize>channelIndex * sizeof<Residual>();
    residualZero = i16x8.splat(<i16>task.residualZeroPoint);
    residualMultiplier = f32x4.splat(task.residualMultiplier);
  }
  let copyPixel: usize = 0, copy: usize = 0;
  let copyBits = i32x4.splat(0), copyLo = i32x4.splat(0), copyHi = i32x4.splat(0), copyMultiplier = i32x4.splat(0);
  if (!isFloat<Copy>()) {
    copyPixel = task.copyPixels + (<usize>pixel << 2);
    copy = task.copy + <usize>channelIndex * sizeof<Copy>();
    copyBits = i32x4.splat(MAGIC_BITS - task.copyZeroPoint);
    copyLo = f32x4.splat(f32(task.copyLo - task.copyZeroPoint));
    copyHi = f32x4.splat(f32(task.copyHi - task.copyZeroPoint));
    copyMultiplier = f32x4.splat(task.copyMultiplier);
  }
  do {
    let v0 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(v128.load(sums), bias0)), multiplier0);
    let v1 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(v128.load(sums, 16), bias1)), multiplier1);
    if (!isFloat<Residual>()) {
      const r = i16x8.sub(loadCodes<Residual>(residual + load<i32>(residualPixel)), residualZero);
      v0 = f32x4.add(v0, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(r)), residualMultiplier));
      v1 = f32x4.add(v1, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(r)), residualMultiplier));
      residualPixel += 4;
    }
    v0 = round(v0, lo, hi, magic);
    v1 = round(v1, lo, hi, magic);
    if (!isFloat<Output>()) {
      storeCodes<Output>(output + load<i32>(outputPixel), i16x8.narrow_i32x4_s(i32x4.sub(v0, bits), i32x4.sub(v1, bits)));
      outputPixel += 4;
    }
    if (!isFloat<Copy>()) {
      v0 = round(f32x4.mul(f32x4.sub(v0, magic), copyMultiplier), copyLo, copyHi, magic);
      v1 = round(f32x4.mul(f32x4.sub(v1, magic), copyMultiplier), copyLo, copyHi, magic);
      storeCodes<Copy>(copy + load<i32>(copyPixel), i16x8.narrow_i32x4_s(i32x4.sub(v0, copyBits), i32x4.sub(v1, copyBits)));
      copyPixel += 4;
    }
    sums += 32;
  } while (--count);
}

/** Sums of eight channels of a pixel to codes that are not clamped yet. */
// @ts-ignore: decorator
@inline function unclamped(sums: usize, bias0: v128, bias1: v128, multiplier0: v128, multiplier1: v128, magic: v128, bits: v128): v128 {
  const v0 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(v128.load(sums), bias0)), multiplier0);
  const v1 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(v128.load(sums, 16), bias1)), multiplier1);
  return i16x8.narrow_i32x4_s(i32x4.sub(f32x4.add(v0, magic), bits), i32x4.sub(f32x4.add(v1, magic), bits));
}

/**
 * The commonest form, to bytes without residual or copy, for layers whose |v| is proved to stay below 2^22: two pixels are clamped
 * together, as bytes after rounding, in a quarter of the instructions.
 */
function requantizeBounded(
  task: OutputTask, parameters: usize, bias: usize, channelIndex: i32, pixel: i32, count: i32, sums: usize,
): void {
  const multiplier0 = v128.load(parameters), multiplier1 = v128.load(parameters, 16);
  const bias0 = v128.load(bias), bias1 = v128.load(bias, 16);
  const bits = i32x4.splat(MAGIC_BITS - task.zeroPoint);
  const magic = i32x4.add(bits, i32x4.splat(task.zeroPoint));
  const lo = i8x16.splat(<i8>task.lo), hi = i8x16.splat(<i8>task.hi);
  const output = task.output + <usize>channelIndex;
  let outputPixel = task.outputPixels + (<usize>pixel << 2);
  for (let left = count; left > 0; left -= 2) {
    const first = unclamped(sums, bias0, bias1, multiplier0, multiplier1, magic, bits);
    // Beyond the last pixel the panel holds older sums, whose codes are not stored.
    const second = unclamped(sums + 32, bias0, bias1, multiplier0, multiplier1, magic, bits);
    const codes = i8x16.max_u(i8x16.min_u(i8x16.narrow_i16x8_u(first, second), hi), lo);
    v128.store64_lane(output + load<i32>(outputPixel), codes, 0);
    if (left > 1) v128.store64_lane(output + load<i32>(outputPixel, 4), codes, 1);
    outputPixel += 8;
    sums += 64;
  }
}

/**
 * Two calls keep Binaryen from inlining the panel. All 27 forms together are a function that V8 takes longer to optimize than all
 * other kernels of a small network.
 */
// @ts-ignore: decorator
@inline function apart<Residual, Output, Copy>(
  task: OutputTask, parameters: usize, bias: usize, channel: i32, pixel: i32, count: i32, sums: usize,
): void {
  if (count == PANEL) requantizePanel<Residual, Output, Copy>(task, parameters, bias, channel, pixel, PANEL, sums);
  else requantizePanel<Residual, Output, Copy>(task, parameters, bias, channel, pixel, count, sums);
}

function withOutput<Residual, Output>(
  copyBytes: i32, task: OutputTask, parameters: usize, bias: usize, channel: i32, pixel: i32, count: i32, sums: usize,
): void {
  if (!isFloat<Output>() && copyBytes == 0)
    apart<Residual, Output, Absent>(task, parameters, bias, channel, pixel, count, sums);
  else if (copyBytes == 1) apart<Residual, Output, u8>(task, parameters, bias, channel, pixel, count, sums);
  else apart<Residual, Output, i16>(task, parameters, bias, channel, pixel, count, sums);
}

function withResidual<Residual>(
  outputs: i32, task: OutputTask, parameters: usize, bias: usize, channel: i32, pixel: i32, count: i32, sums: usize,
): void {
  const copyBytes = outputs % 3;
  if (outputs < 3) withOutput<Residual, Absent>(copyBytes, task, parameters, bias, channel, pixel, count, sums);
  else if (outputs < 6) withOutput<Residual, u8>(copyBytes, task, parameters, bias, channel, pixel, count, sums);
  else withOutput<Residual, i16>(copyBytes, task, parameters, bias, channel, pixel, count, sums);
}

/**
 * Requantizes a panel of sums of one block.
 *
 * @param block  block of eight channels; blocks beyond the output's last are padding and skipped
 * @param phase  index of the block's bias vector
 * @param pixel  index of the panel's first pixel in the tables of offsets
 */
export function requantize(task: OutputTask, block: i32, phase: i32, pixel: i32, count: i32, sums: usize): void {
  if (block >= task.blocks) return;
  const parameters = task.parameters + <usize>(block * task.parameterPitch);
  const bias = parameters + 32 + <usize>(phase << 5);
  const outputs = task.variant % 9;
  const residualBytes = task.variant / 9;
  if (task.isBounded && task.variant == 3) requantizeBounded(task, parameters, bias, block << 3, pixel, count, sums);
  else if (residualBytes == 0) withResidual<Absent>(outputs, task, parameters, bias, block << 3, pixel, count, sums);
  else if (residualBytes == 1) withResidual<u8>(outputs, task, parameters, bias, block << 3, pixel, count, sums);
  else withResidual<i16>(outputs, task, parameters, bias, block << 3, pixel, count, sums);
}
