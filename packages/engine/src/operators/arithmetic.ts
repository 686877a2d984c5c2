/**
 * @file The few float operations that operators share. Each float32 operation rounds once, by `Math.fround`. Products,
 * quotients and sums of two float32 numbers are first exact or correctly rounded in float64, which has more than 2 · 24 + 2
 * bits, so the second rounding changes nothing.
 */

/** 1.5 · 2^52: adding it leaves no fraction bits, so the sum is rounded half to even by the hardware. */
const integerGrid = 1.5 * 2 ** 52;

/**
 * Nearest integer, ties to the even one (`rne`). Exact for every |v| < 2^51, and for every float32, as those have no
 * fraction from 2^23 on.
 *
 * | v      | −2.5 | −1.5 | −0.5 | 0.5 | 1.5 | 2.5 | 2.5000002 |
 * |--------|------|------|------|-----|-----|-----|-----------|
 * | result | −2   | −2   | 0    | 0   | 2   | 2   | 3         |
 */
export function roundHalfToEven(v: number): number {
  return Math.abs(v) < 2 ** 51 ? v + integerGrid - integerGrid : v;
}

/**
 * `clamp(rne(v) + zeroPoint, lo, hi)`, the last step of rules 5 to 9, for any float32 v. Clamping to integer bounds first gives
 * the same code, and keeps v in the range in which rounding by addition is exact.
 */
export function toCode(v: number, zeroPoint: number, lo: number, hi: number): number {
  const low = lo - zeroPoint;
  const high = hi - zeroPoint;
  const clamped = Math.min(Math.max(v, low), high);
  return clamped + integerGrid - integerGrid + zeroPoint;
}

/** m = fround(from / to): the multiplier of a change of scale (rules 6 and 7). */
export function rescaleMultiplier(from: number, to: number): number {
  return Math.fround(from / to);
}

/** m = fround(fround(s_a · s_b) / s_y): the multiplier of a product of two tensors (rule 11). */
export function productMultiplier(first: number, second: number, outputScale: number): number {
  return Math.fround(Math.fround(first * second) / outputScale);
}

/**
 * m[c] = fround(fround(s_x · s_w[c]) / s_y), one per channel (rule 5); `outputScale` is 1 for float results (rule 10).
 */
export function channelMultipliers(inputScale: number, weightScales: Float32Array, outputScale: number): Float32Array {
  return weightScales.map((scale) => Math.fround(Math.fround(inputScale * scale) / outputScale));
}

/** m = fround(fround(s_x / s_y) / N) for an average over a divisor of N (rule 9). */
export function averageMultiplier(inputScale: number, outputScale: number, divisor: number): number {
  return Math.fround(Math.fround(inputScale / outputScale) / divisor);
}
