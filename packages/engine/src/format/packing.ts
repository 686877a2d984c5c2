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
 * @returns The codes, or `undefined` where a bit after the last code of a row is set.
 */
export function unpackCodes(packed: Uint8Array, bits: number, rows: number, length: number): Int8Array | undefined {
  const codes = new Int8Array(rows * length);
  const unused = 32 - bits;
  let from = 0;
  let to = 0;
  for (let row = 0; row < rows; row++) {
    let pending = 0;
    let count = 0;
    for (let k = 0; k < length; k++) {
      if (count < bits) {
        pending |= packed[from++]! << count;
        count += 8;
      }
      codes[to++] = (pending << unused) >> unused;
      pending >>>= bits;
      count -= bits;
    }
    if (pending !== 0) return undefined;
  }
  return codes;
}
