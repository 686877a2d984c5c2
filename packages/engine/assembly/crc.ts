/**
 * CRC-32C, as in `src/format/crc32c.ts`, in a module of its own with a memory of its own: files are also read where no kernels are
 * compiled.
 */

/** Eight tables of 256 words; table t maps a byte to its remainder after t more zero bytes. The data follow. */
const TABLES: usize = 0;
export const DATA: usize = 8192;

export function build(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >> 1) ^ (remainder & 1 ? 0x82f63b78 : 0);
    store<u32>(TABLES + (byte << 2), remainder);
  }
  for (let at = TABLES + 1024; at < DATA; at += 4) {
    const previous = load<u32>(at - 1024);
    store<u32>(at, (previous >> 8) ^ load<u32>(TABLES + ((previous & 255) << 2)));
  }
}

// @ts-ignore: decorator
@inline function table(index: usize, byte: u64): u32 {
  return load<u32>(TABLES + (index << 10) + ((<usize>byte & 255) << 2));
}

/** @param crc  the complement of the checksum of what came before */
export function update(length: usize, crc: u32): u32 {
  let at = DATA;
  const end = DATA + length;
  for (; at + 8 <= end; at += 8) {
    const word = load<u64>(at) ^ <u64>crc;
    crc =
      table(7, word) ^ table(6, word >> 8) ^ table(5, word >> 16) ^ table(4, word >> 24) ^
      table(3, word >> 32) ^ table(2, word >> 40) ^ table(1, word >> 48) ^ table(0, word >> 56);
  }
  for (; at < end; at++) crc = (crc >> 8) ^ table(0, <u64>(crc ^ load<u8>(at)));
  return crc;
}
