/**
 * @file The framing of TensorBoard's event files, which is that of TFRecord: length, its checksum, the bytes, their checksum.
 * @see https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
 */

import crc32c from "crc-32/crc32c.js";

/** CRC-32C (Castagnoli, RFC 3720) of some bytes, unsigned. */
export const checksum = (bytes: Uint8Array): number => crc32c.buf(bytes) >>> 0;

const MASK_DELTA = 0xa282ead8;

/** Rotates the checksum and adds a constant, because the checksum of bytes that contain checksums is weak. */
function masked(bytes: Uint8Array): number {
  const crc = checksum(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

/** One record with its frame. */
export function framed(content: Uint8Array): Uint8Array {
  const record = new Uint8Array(8 + 4 + content.length + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(content.length), true);
  view.setUint32(8, masked(record.subarray(0, 8)), true);
  record.set(content, 12);
  view.setUint32(12 + content.length, masked(content), true);
  return record;
}
