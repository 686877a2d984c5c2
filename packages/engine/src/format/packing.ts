/**
 * @file Signed codes of 2 to 8 bits, packed in the file: two's complement, least significant bit first. Code k of a row takes
 * the bits k·b … k·b + b − 1, counted from the lowest bit of the row's first byte. Every row, which is an output channel,
 * begins with a new byte; the bits after its last code are zero.
 *
 * At 4 bits `[1, −2, 7, −8]` is `E1 87`; at 3 bits `[1, −2, 3]` is `F1 00`.
 */

/** Number of bytes of one row of `length` codes. */
export const rowBytes = (length: number, bits: number): number => Math.ceil((length * bits) / 8);

/** @param codes  `rows` rows of equal length, each code within its bit width. */
export function packCodes(codes: Int8Array, bits: number, rows: number): Uint8Array {
  const length = codes.length / rows;
  const packed = new Uint8Array(rows * rowBytes(length, bits));
  const mask = 2 ** bits - 1;
  let to = 0;
  for (let row = 0; row < rows; row++) {
    let pending = 0;
    let count = 0;
    for (let k = row * length; k < (row + 1) * length; k++) {
      pending |= (codes[k]! & mask) << count;
      count += bits;
      if (count >= 8) {
        packed[to++] = pending;
        pending >>>= 8;
        count -= 8;
      }
    }
    if (count > 0) packed[to++] = pending;
  }
  return packed;
}

/** Whether the bits after the last code of every row are zero. */
export function endsAreZero(packed: Uint8Array, bits: number, rows: number, length: number): boolean {
  const pitch = rowBytes(length, bits);
  const used = (length * bits) & 7;
  if (used !== 0)
    for (let end = pitch - 1; end < rows * pitch; end += pitch) if (packed[end]! >> used !== 0) return false;
  return true;
}

/**
 * @param packed  `rows` rows of `rowBytes` bytes each.
 * @param length  Codes per row, at most 2^28, so that bit positions within a row are exact in 32 bits.
 */
export function unpackCodes(packed: Uint8Array, bits: number, rows: number, length: number): Int8Array {
  const codes = new Int8Array(rows * length);
  const pitch = rowBytes(length, bits);
  const unused = 32 - bits;
  // A code lies within two bytes; one more at the end saves a test for each.
  const bytes = new Uint8Array(packed.length + 1);
  bytes.set(packed);
  let to = 0;
  for (let row = 0; row < rows; row++) {
    const start = row * pitch;
    for (let k = 0; k < length; k++) {
      const bit = k * bits;
      const at = start + (bit >>> 3);
      const word = bytes[at]! | (bytes[at + 1]! << 8);
      codes[to++] = (word << (unused - (bit & 7))) >> unused;
    }
  }
  return codes;
}
