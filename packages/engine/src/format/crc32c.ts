/**
 * @file CRC-32C (Castagnoli), the checksum of `.sbq` headers and blocks: RFC 3720 appendix B.4, reflected polynomial 0x82F63B78. A small
 * WebAssembly module computes it, because JavaScript that V8 has not optimized yet would take longer than the rest of the
 * reading. Where WebAssembly is forbidden, JavaScript computes it.
 */

import { decodeHex } from "../wasm/decode-hex.js";
import { crcModule } from "../wasm/generated-crc.js";

const polynomial = 0x82f63b78;

/** Continues from the complement of a checksum; returns the complement of the next one. */
type Update = (bytes: Uint8Array, crc: number) => number;

let update: Update | undefined;

/**
 * @param initial  Checksum of the preceding bytes, to continue from.
 * @returns Unsigned 32 bits; `crc32c` of the ASCII text `123456789` is 0xE3069283.
 */
export function crc32c(bytes: Uint8Array, initial = 0): number {
  update ??= compiled() ?? interpreted();
  return ~update(bytes, ~initial) >>> 0;
}

/** The module `assembly/crc.ts`; undefined if it cannot be compiled here. */
function compiled(): Update | undefined {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(decodeHex(crcModule)));
    const { memory, DATA, build, update } = exports as unknown as {
      readonly memory: WebAssembly.Memory;
      readonly DATA: WebAssembly.Global<"i32">;
      build(): void;
      update(length: number, crc: number): number;
    };
    build();
    const data = new Uint8Array(memory.buffer, DATA.value);
    return (bytes, initial) => {
      let crc = initial;
      for (let at = 0; at < bytes.length; at += data.length) {
        const part = bytes.subarray(at, at + data.length);
        data.set(part);
        crc = update(part.length, crc);
      }
      return crc;
    };
  } catch {
    return undefined;
  }
}

/** The checksum's update, computed in JavaScript. */
export function interpreted(): Update {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0);
    return remainder;
  });
  return (bytes, initial) => {
    let crc = initial;
    for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255]!;
    return crc;
  };
}
