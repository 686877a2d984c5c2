/**
 * @file The layout of a `.sbq` file, shared by reader and writer; `docs/sbq-format.md` describes it byte by byte.
 *
 *   0   4 bytes  magic "SBQ\0"
 *   4   u32      version
 *   8   u64      length of the JSON header in bytes
 *   16  u32      CRC-32C of bytes 0 … 15 and the JSON header
 *   20           JSON header, UTF-8
 *   …            data blocks, each at the next multiple of 64, zero bytes between
 */

export const magic = Uint8Array.of(0x53, 0x42, 0x51, 0x00);

/** Whether bytes begin as a `.sbq` file does. */
export const isSbq = (bytes: Uint8Array): boolean =>
  bytes instanceof Uint8Array && magic.every((byte, i) => bytes[i] === byte);
export const formatVersion = 1;
export const headerStart = 20;
/** The header's checksum covers the bytes before this offset and the JSON text. */
export const checksumOffset = 16;
export const blockAlignment = 64;
/** Longest JSON header that the reader accepts, in bytes. */
export const maxHeaderBytes = 2 ** 24;

export const alignBlock = (offset: number): number => Math.ceil(offset / blockAlignment) * blockAlignment;

/** A data block as the header lists it. */
export interface BlockEntry {
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
  readonly crc32c: number;
}
