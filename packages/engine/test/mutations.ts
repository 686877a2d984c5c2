/**
 * @file Hostile `.sbq` files, made from a valid one: the header's JSON, the data or the raw bytes are changed at random.
 * Checksums and offsets are usually corrected again, so that the checks after them are reached.
 */

import { crc32c } from "../src/format/crc32c.js";
import { alignBlock, checksumOffset, headerStart, magic } from "../src/format/layout.js";
import type { Random } from "./programs.js";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

type JsonObject = { [key: string]: Json };

export interface Dissected {
  /** The JSON header, to be parsed anew for each mutation. */
  readonly header: string;
  readonly blocks: readonly Uint8Array[];
}

export function dissect(bytes: Uint8Array): Dissected {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  const header = new TextDecoder().decode(bytes.subarray(headerStart, headerStart + length));
  const entries = JSON.parse(header).blocks as { offset: number; length: number }[];
  return { header, blocks: entries.map(({ offset, length: size }) => bytes.slice(offset, offset + size)) };
}

/** One hostile file. */
export function mutate({ header, blocks }: Dissected, random: Random): Uint8Array {
  const changed = JSON.parse(header) as JsonObject;
  const data = blocks.map((block) => block.slice());
  const count = random.integer(1, 3);
  for (let i = 0; i < count; i++)
    if (random.next() < 0.8) changeJson(changed, random);
    else changeBlock(data, random);
  const isConsistent = random.next() < 0.8;
  const bytes = assemble(changed, data, isConsistent);
  if (random.next() < 0.1) return changeBytes(bytes, random);
  return bytes;
}

/** Writes header and blocks with correct checksums and, if `isConsistent`, offsets and lengths that fit the data. */
function assemble(header: JsonObject, data: readonly Uint8Array[], isConsistent: boolean): Uint8Array {
  let text: Uint8Array;
  if (isConsistent) {
    const { blocks: _, ...rest } = header;
    // Spaces fill the header up to a length at which the offsets are known before they are written.
    const encoder = new TextEncoder();
    const start = encoder.encode(JSON.stringify(rest).slice(0, -1));
    const length = start.length + 80 * data.length + 20;
    let end = headerStart + length;
    const entries = data.map((block) => {
      const offset = alignBlock(end);
      end = offset + block.length;
      return { offset, length: block.length, crc32c: crc32c(block) };
    });
    text = new Uint8Array(length).fill(0x20);
    text.set(start);
    const separator = start.length === 1 ? "" : ",";
    encoder.encodeInto(`${separator}"blocks":${JSON.stringify(entries)}}`, text.subarray(start.length));
  } else {
    text = new TextEncoder().encode(JSON.stringify(header));
  }
  const offsets: number[] = [];
  let end = headerStart + text.length;
  for (const block of data) {
    offsets.push(alignBlock(end));
    end = offsets.at(-1)! + block.length;
  }
  const bytes = new Uint8Array(end);
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  view.setUint32(4, 1, true);
  view.setBigUint64(8, BigInt(text.length), true);
  view.setUint32(checksumOffset, crc32c(text, crc32c(bytes.subarray(0, checksumOffset))), true);
  bytes.set(text, headerStart);
  for (const [i, block] of data.entries()) bytes.set(block, offsets[i]!);
  return bytes;
}

/** Numbers at the edge of some type or rule. */
const numbers = [
  0,
  1,
  2,
  3,
  7,
  8,
  9,
  15,
  16,
  63,
  64,
  65,
  127,
  128,
  255,
  256,
  1024,
  1025,
  65535,
  65536,
  65537,
  2 ** 24,
  2 ** 24 + 1,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  -1,
  -8,
  0.5,
  1e-45,
  2 ** -126,
  2 ** -127,
  3.4e38,
  1e39,
  1e308,
  2 ** 63,
  0.1,
];

function changeJson(root: JsonObject, random: Random): void {
  // Walk to a random place, then change what stands there.
  let parent: Json[] | JsonObject = root;
  for (;;) {
    const keys = Object.keys(parent);
    if (keys.length === 0) return;
    // Most of what can be said wrongly is said in the operators.
    const key = parent === root && "operators" in root && random.next() < 0.5 ? "operators" : random.pick(keys);
    const child: Json = (parent as JsonObject)[key]!;
    if (typeof child === "object" && child !== null && random.next() < 0.85) {
      parent = child;
      continue;
    }
    changeMember(parent, key, child, random);
    return;
  }
}

function changeMember(parent: Json[] | JsonObject, key: string, child: Json, random: Random): void {
  const target = parent as JsonObject;
  const kind = random.integer(0, 9);
  if (kind === 0) {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete target[key];
  } else if (kind === 1) {
    if (Array.isArray(parent)) parent.splice(Number(key), 0, structuredClone(child));
    else target[random.pick(["__proto__", "constructor", "length", "toString", "extra"])] = structuredClone(child);
  } else if (kind === 2) {
    target[key] = random.pick<Json>([
      null,
      true,
      false,
      "",
      "conv",
      "dequantize",
      "\u0000",
      [],
      {},
      [[]],
      "x".repeat(2000),
    ]);
  } else if (typeof child === "number" && kind < 7) {
    target[key] = child + random.pick([-64, -2, -1, 1, 2, 64]);
  } else if (typeof child === "boolean") {
    target[key] = !child;
  } else {
    target[key] = random.pick(numbers);
  }
}

function changeBlock(data: Uint8Array[], random: Random): void {
  const i = random.integer(0, data.length - 1);
  const block = data[i]!;
  const kind = random.integer(0, 4);
  if (kind === 0) data[i] = block.slice(0, random.integer(0, block.length));
  else if (kind === 1) data.splice(i, 1);
  else if (kind === 2) data.splice(i, 0, block.slice());
  else
    for (let n = random.integer(1, 8); n > 0; n--)
      if (block.length > 0) block[random.integer(0, block.length - 1)] = random.integer(0, 255);
}

function changeBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const kind = random.integer(0, 2);
  if (kind === 0) return bytes.slice(0, random.integer(0, bytes.length));
  const changed = bytes.slice();
  const most = kind === 1 ? headerStart - 1 : bytes.length - 1;
  for (let n = random.integer(1, 4); n > 0; n--) changed[random.integer(0, most)] = random.integer(0, 255);
  return changed;
}
