/** @file Damage to files of any kind. */

import type { Random } from "../../../packages/engine/test/programs.js";

/** Bytes that are likely to reveal faults in readers. */
const edges = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/** A copy with one to a few changes: bytes and words set, runs removed, doubled, moved or taken from another file, the end cut. */
export function damaged(file: Uint8Array, random: Random, others: readonly Uint8Array[] = [file]): Uint8Array {
  let bytes = Uint8Array.from(file);
  for (let changes = random.integer(1, 4); changes > 0 && bytes.length > 0; changes--) {
    // Most of what a file says about itself is at its beginning.
    const at = random.integer(0, random.next() < 0.5 ? Math.min(bytes.length, 128) - 1 : bytes.length - 1);
    const length = Math.min(bytes.length - at, random.pick([1, 2, 4, 8, 16, 100, 1000]));
    switch (random.integer(0, 8)) {
      case 0:
        bytes = bytes.slice(0, random.integer(0, bytes.length));
        break;
      case 1:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + length));
        break;
      case 2:
        bytes = joined(bytes.subarray(0, at + length), bytes.subarray(at));
        break;
      case 3: {
        const other = random.pick(others);
        const from = random.integer(0, other.length - 1);
        bytes = joined(bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at + length));
        break;
      }
      case 4:
        for (let i = 0; i < Math.min(4, length); i++) bytes[at + i] = random.pick(edges);
        break;
      case 5:
        bytes[at]! ^= 1 << random.integer(0, 7);
        break;
      default:
        bytes[at] = random.integer(0, 255);
    }
  }
  return bytes;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
