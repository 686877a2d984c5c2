/** Eight codes at a time, stored as bytes (`u8`) or as 16-bit integers (`i16`), held as i16x8. */

// @ts-ignore: decorator
@inline export function loadCodes<T>(address: usize): v128 {
  return sizeof<T>() == 1 ? v128.load8x8_u(address) : v128.load(address);
}

// @ts-ignore: decorator
@inline export function storeCodes<T>(address: usize, codes: v128): void {
  if (sizeof<T>() == 1) v128.store64_lane(address, i8x16.narrow_i16x8_u(codes, codes), 0);
  else v128.store(address, codes);
}

/** 1.5·2^23: adding it to |v| < 2^22 rounds v half-to-even to an integer, which is then in the low mantissa bits. */
export const MAGIC: f32 = 12582912;
/** Bits of `MAGIC`. */
export const MAGIC_BITS: i32 = 0x4b400000;
