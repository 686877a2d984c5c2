/** Columns of bytes for fused products: a lane holds a channel's three taps and a zero (see `products-fused.ts` for bytes above 127). */
import { zipHigh, zipLow } from "./depthwise-columns";

// @ts-ignore: decorator
@inline function zipBytes(a: v128, b: v128): v128 {
  return v128.shuffle<i8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

// @ts-ignore: decorator
@inline function firstTwo(x: usize, row1: usize): v128 { return zipBytes(v128.load64_zero(x), v128.load64_zero(x + row1)); }

/**
 * Brings bytes to the form that the machine multiplies: unsigned, or signed (`i8`), where each tap is reduced by 128. What
 * accompanies the zero weights does not matter.
 */
// @ts-ignore: decorator
@inline function taken<Byte>(x: v128): v128 { return isSigned<Byte>() ? v128.xor(x, i8x16.splat(-128)) : x; }

@unmanaged export class Quads<Byte> {
  // @ts-ignore: decorator
  @inline weightBytes(): usize { return 32; }
  // @ts-ignore: decorator
  @inline a(x: usize, row1: usize, row2: usize): v128 {
    return taken<Byte>(zipLow(firstTwo(x, row1), v128.load8x8_u(x + row2)));
   }
  // @ts-ignore: decorator
  @inline b(x: usize, row1: usize, row2: usize): v128 {
    return taken<Byte>(zipHigh(firstTwo(x, row1), v128.load8x8_u(x + row2)));
   }
  // @ts-ignore: decorator
  @inline c(x: usize, row2: usize): v128 { return i32x4.splat(0); }
  // @ts-ignore: decorator
  @inline d(x: usize, row2: usize): v128 { return i32x4.splat(0); }
  // @ts-ignore: decorator
  @inline low(sum: v128, a: v128, c: v128, w: usize): v128 {
    return i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(w), a, sum);
  }
  // @ts-ignore: decorator
  @inline high(sum: v128, b: v128, d: v128, w: usize): v128 {
    return i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(w, 16), b, sum);
  }
}
