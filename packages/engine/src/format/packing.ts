/**
 * @file Signed codes of 2 to 8 bits, packed in the file: two's complement, least significant bit first, so that code k of a row
 * stands in bits k·b … k·b + b − 1 counted from the lowest bit of the row's first byte. Every row, an output channel, starts
 * on a byte; the bits after its last code are zero.
 *
 * At 4 bits `[1, −2, 7, −8]` is `E1 87`; at 3 bits `[1, −2, 3]` is `F1 00`.
 */

/** Bytes of one row of `length` codes. */
export const rowBytes = (length: number, bits: number): number => Math.ceil((length * bits) / 8);

/** @param codes  `rows` rows of equal length, each code within its width. */
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

/**
 * @param packed  `rows · rowBytes(length, bits)` bytes.
 * @param length  At most 2^28, so that bit positions within a row are exact in 32 bits.
 * @returns The codes, or `undefined` where a bit after the last code of a row is set.
 */
export function unpackCodes(packed: Uint8Array, bits: number, rows: number, length: number): Int8Array | undefined {
  const codes = new Int8Array(rows * length);
  if ((length * bits) % 8 === 0 && 8 % bits === 0) {
    unpackWhole(packed, bits, codes);
    return codes;
  }
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
    const used = (length * bits) & 7;
    if (used !== 0 && bytes[start + pitch - 1]! >> used !== 0) return undefined;
  }
  return codes;
}

/** Rows of whole bytes of whole codes: all codes of a byte are looked up and stored at once. `codes` starts at its buffer's beginning. */
function unpackWhole(packed: Uint8Array, bits: number, codes: Int8Array<ArrayBuffer>): void {
  if (bits === 8) return codes.set(packed);
  const perByte = 8 / bits;
  const lookup = Int8Array.from({ length: 256 * perByte }, (_, i) => {
    const unused = 32 - bits;
    return (Math.floor(i / perByte) << (unused - bits * (i % perByte))) >> unused;
  });
  const Word = bits === 4 ? Uint16Array : Uint32Array;
  const table = new Word(lookup.buffer);
  const words = new Word(codes.buffer);
  for (let i = 0; i < packed.length; i++) words[i] = table[packed[i]!]!;
}
