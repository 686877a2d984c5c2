/**
 * A module that shows how the fused product of this machine treats its operands. It is separate, so that the answer is
 * known before the kernels are compiled. It is valid only if there is relaxed SIMD.
 */

/** The sum of four products of the bytes of `w` and `x`, added to `sum`. `lane` chooses lane 0 or 3. */
export function product(w: i32, x: i32, sum: i32, lane: i32): i32 {
  const result = i32x4.relaxed_dot_i8x16_i7x16_add_s(i32x4.splat(w), i32x4.splat(x), i32x4.splat(sum));
  return lane == 0 ? i32x4.extract_lane(result, 0) : i32x4.extract_lane(result, 3);
}
