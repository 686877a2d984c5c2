/** Codes of a file, packed at their width (`src/format/packing.ts`), as bytes. */
import { UnpackTask } from "./tasks";

/** Sixteen bytes of two codes each. */
// @ts-ignore: decorator
@inline function unpackFour(packed: usize, codes: usize): void {
  const bytes = v128.load(packed);
  const low = i8x16.shr_s(i8x16.shl(bytes, 4), 4), high = i8x16.shr_s(bytes, 4);
  v128.store(codes, v128.shuffle<i8>(low, high, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
  v128.store(codes, v128.shuffle<i8>(low, high, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), 16);
}

/**
 * Packed bytes may end up to 64 bytes behind the place of the last code: a code is at most as wide as a byte, so that what is written
 * never reaches what is still to be read.
 */
export function unpack(task: UnpackTask): void {
  const bits = task.bits, length = task.length;
  let packed = task.packed, codes = task.codes;
  if (bits == 4 && (length & 1) == 0) {
    for (const end = codes + <usize>(task.rows * length); codes < end; codes += 32) {
      unpackFour(packed, codes);
      packed += 16;
    }
    return;
  }
  const unused = 32 - bits;
  const pitch = <usize>((length * bits + 7) >> 3);
  for (let row = task.rows; row > 0; row--) {
    for (let bit = 0, end = length * bits; bit < end; bit += bits) {
      const word = <i32>load<u16>(packed + <usize>(bit >> 3)) >> (bit & 7);
      store<i8>(codes, <i8>((word << unused) >> unused));
      codes++;
    }
    packed += pitch;
  }
}
