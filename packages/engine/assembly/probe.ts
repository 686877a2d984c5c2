/**
 * What the machine's fused product with accumulation makes of its operands: a module of its own, so that the answer is known before
 * the kernels are compiled. Whether it validates tells whether there is relaxed SIMD.
 */

/** The sum of four products of the bytes of `w` and `x`, added to `sum`, in the lane `lane` of 0 and 3. */
export function product(w: i32, x: i32, sum: i32, lane: i32): i32 {
  const result = i32x4.relaxed_dot_i8x16_i7x16_add_s(i32x4.splat(w), i32x4.splat(x), i32x4.splat(sum));
  return lane == 0 ? i32x4.extract_lane(result, 0) : i32x4.extract_lane(result, 3);
}
