/** @file CRC-32C (Castagnoli), the checksum of `.sbq` headers and blocks: RFC 3720 appendix B.4, reflected polynomial 0x82F63B78. */

const polynomial = 0x82f63b78;

/**
 * Eight tables of 256 entries: table t maps a byte to its remainder after t more zero bytes, so eight bytes are processed in
 * one step.
 */
const tables = buildTables();

function buildTables(): Uint32Array {
  const built = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0);
    built[byte] = remainder;
  }
  for (let i = 256; i < built.length; i++) {
    const previous = built[i - 256]!;
    built[i] = (previous >>> 8) ^ built[previous & 255]!;
  }
  return built;
}

/**
 * @param initial  Checksum of the preceding bytes, to continue from.
 * @returns Unsigned 32 bits; `crc32c` of the ASCII text `123456789` is 0xE3069283.
 */
export function crc32c(bytes: Uint8Array, initial = 0): number {
  let crc = ~initial;
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      tables[7 * 256 + (crc & 255)]! ^
      tables[6 * 256 + ((crc >>> 8) & 255)]! ^
      tables[5 * 256 + ((crc >>> 16) & 255)]! ^
      tables[4 * 256 + (crc >>> 24)]! ^
      tables[3 * 256 + bytes[i + 4]!]! ^
      tables[2 * 256 + bytes[i + 5]!]! ^
      tables[256 + bytes[i + 6]!]! ^
      tables[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[i]!) & 255]!;
  return ~crc >>> 0;
}
