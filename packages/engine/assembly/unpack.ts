/** Unpacks the codes of a file (`src/format/packing.ts`) to bytes. */
import { UnpackTask } from "./load-tasks";

// @ts-ignore: decorator
@inline function zipLow(a: v128, b: v128): v128 {
  return v128.shuffle<i8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
// @ts-ignore: decorator
@inline function zipHigh(a: v128, b: v128): v128 {
  return v128.shuffle<i8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/** Sixteen bytes of two codes each. */
// @ts-ignore: decorator
@inline function unpackFour(packed: usize, codes: usize): void {
  const bytes = v128.load(packed);
  const low = i8x16.shr_s(i8x16.shl(bytes, 4), 4), high = i8x16.shr_s(bytes, 4);
  v128.store(codes, zipLow(low, high));
  v128.store(codes, zipHigh(low, high), 16);
}

/** Sixteen bytes of four codes each. */
// @ts-ignore: decorator
@inline function unpackTwo(packed: usize, codes: usize): void {
  const bytes = v128.load(packed);
  const a = i8x16.shr_s(i8x16.shl(bytes, 6), 6), b = i8x16.shr_s(i8x16.shl(bytes, 4), 6);
  const c = i8x16.shr_s(i8x16.shl(bytes, 2), 6), d = i8x16.shr_s(bytes, 6);
  // Codes 0 and 2, and 1 and 3, side by side, so that the second zip brings all four in order.
  const even = zipLow(a, c), odd = zipLow(b, d), even2 = zipHigh(a, c), odd2 = zipHigh(b, d);
  v128.store(codes, zipLow(even, odd));
  v128.store(codes, zipHigh(even, odd), 16);
  v128.store(codes, zipLow(even2, odd2), 32);
  v128.store(codes, zipHigh(even2, odd2), 48);
}

/**
 * Unpacks in place. Packed bytes may end up to 64 bytes after the place of the last code. A code takes at most one byte, so the
 * output, which extends up to 63 bytes after the last code, never overwrites input that has not been read yet.
 */
export function unpack(task: UnpackTask): void {
  const bits = task.bits, length = task.length;
  let packed = task.packed, codes = task.codes;
  const end = codes + <usize>(task.rows * length);
  if (bits == 8) {
    memory.copy(codes, packed, end - codes);
    return;
  }
  if (bits == 4 && (length & 1) == 0) {
    for (; codes < end; codes += 32) {
      unpackFour(packed, codes);
      packed += 16;
    }
    return;
  }
  if (bits == 2 && (length & 3) == 0) {
    for (; codes < end; codes += 64) {
      unpackTwo(packed, codes);
      packed += 16;
    }
    return;
  }
  const unused = 32 - bits;
  const pitch = <usize>((length * bits + 7) >> 3);
  for (let row = task.rows; row > 0; row--) {
    for (let bit = 0, rowBits = length * bits; bit < rowBits; bit += bits) {
      const word = <i32>load<u16>(packed + <usize>(bit >> 3)) >> (bit & 7);
      store<i8>(codes, <i8>((word << unused) >> unused));
      codes++;
    }
    packed += pitch;
  }
}
