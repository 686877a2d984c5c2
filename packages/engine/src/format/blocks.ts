/**
 * @file The data blocks of a `.sbq` file. The header refers to each by its index, exactly once and in ascending order. Each
 * begins at the first multiple of 64 after the one before. So blocks cannot overlap, be shared or leave gaps, and the same
 * program always gives the same bytes.
 */

import { damaged, invalid } from "../errors.js";
import { crc32c } from "./crc32c.js";
import type { JsonNode } from "./json-node.js";
import { alignBlock, type BlockEntry } from "./layout.js";

/** Largest number of blocks in a file: at most four per operator. */
const maxBlocks = 2 ** 16;

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

export class BlockReader {
  readonly #bytes: Uint8Array;
  readonly #entries: readonly BlockEntry[];
  #next = 0;

  /** Checks the whole list: places, file length, checksums, and that the bytes between blocks are zero. */
  constructor(bytes: Uint8Array, list: JsonNode, headerEnd: number) {
    this.#bytes = bytes;
    this.#entries = list.list(maxBlocks).map((node) => node.integerMembers(["offset", "length", "crc32c"]));
    let end = headerEnd;
    for (const [i, { offset, length, crc32c: expected }] of this.#entries.entries()) {
      const field = `blocks[${i}]`;
      const start = alignBlock(end);
      if (offset !== start) throw damaged(`${field}.offset`, `must be ${start}, is ${offset}`);
      if (length > bytes.length - offset)
        throw damaged(`${field}.length`, `${length} bytes from ${offset} end after the file, ${bytes.length} bytes`);
      if (bytes.subarray(end, start).some((byte) => byte !== 0))
        throw damaged(`${field}.offset`, "the bytes before the block are not zero");
      end = offset + length;
      const found = crc32c(bytes.subarray(offset, end));
      if (found !== expected)
        throw damaged(
          `${field}.crc32c`,
          `the data has checksum ${found}, the header says ${expected}; the file is damaged`,
        );
    }
    if (end !== bytes.length) throw damaged("blocks", `end at ${end}, but the file has ${bytes.length} bytes`);
  }

  /** The bytes of the block that `reference` names, which must be the next one. */
  take(reference: JsonNode): Uint8Array {
    const index = reference.integer();
    if (index !== this.#next || index >= this.#entries.length)
      reference.fail(`must refer to block ${this.#next} of ${this.#entries.length}, refers to ${index}`);
    this.#next++;
    const { offset, length } = this.#entries[index]!;
    return this.#bytes.subarray(offset, offset + length);
  }

  /** A copy of a block of little-endian 32-bit values, for an array of such values in the byte order of this machine. */
  take32(reference: JsonNode): ArrayBuffer {
    const bytes = this.take(reference).slice();
    if (bytes.length % 4 !== 0)
      reference.fail(`must refer to a whole number of 32-bit values, refers to ${bytes.length} bytes`);
    if (!isLittleEndian) for (let i = 0; i < bytes.length; i += 4) bytes.subarray(i, i + 4).reverse();
    return bytes.buffer;
  }

  /** @throws {FormatError} if a block was never referred to. */
  finish(): void {
    if (this.#next !== this.#entries.length) throw invalid(`blocks[${this.#next}]`, "is referred to nowhere");
  }
}

/** Collects blocks while the header is built. */
export class BlockWriter {
  readonly data: Uint8Array[] = [];

  /** @returns The index to refer to the block by. */
  add(bytes: Uint8Array): number {
    return this.data.push(bytes) - 1;
  }

  add32(length: number, write: (view: DataView, offset: number, index: number) => void): number {
    const bytes = new Uint8Array(4 * length);
    const view = new DataView(bytes.buffer);
    for (let i = 0; i < length; i++) write(view, 4 * i, i);
    return this.add(bytes);
  }
}
