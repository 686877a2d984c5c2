/** @file Writes a program as a `.sbq` file. The same program always gives the same bytes. */

import type { Field } from "../operators/definition.js";
import { definitionOf } from "../operators/index.js";
import { checkBuiltProgram } from "../program/check.js";
import type { Operator, Program } from "../program/program.js";
import { BlockWriter } from "./blocks.js";
import { crc32c } from "./crc32c.js";
import { fieldCodecs } from "./fields.js";
import { alignBlock, type BlockEntry, checksumOffset, formatVersion, headerStart, magic } from "./layout.js";

/** @throws {FormatError} if the program breaks a rule, so a file that `readSbq` would refuse is never written. */
export function writeSbq(program: Program): Uint8Array {
  checkBuiltProgram(program, Number.POSITIVE_INFINITY);
  const blocks = new BlockWriter();
  const header = {
    name: program.name,
    classes: program.classes,
    input: program.input,
    inputTables: blocks.add(concatenate(program.inputTables)),
    preprocessing: preprocessingHeader(program),
    ...(program.labels === undefined ? {} : { labels: program.labels }),
    ...(program.probabilities === undefined ? {} : { probabilities: program.probabilities }),
    provenance: program.provenance,
    tensors: program.tensors.map(({ name, shape, bits, scale, zeroPoint }) => ({
      name,
      shape,
      bits,
      scale,
      zeroPoint,
    })),
    operators: program.operators.map((op) => operatorHeader(op, blocks)),
  };
  const checksums = blocks.data.map((data) => crc32c(data));
  const { text, entries } = encodeHeader(header, blocks.data, checksums);

  const last = entries.at(-1)!;
  const bytes = new Uint8Array(last.offset + last.length);
  const view = new DataView(bytes.buffer);
  bytes.set(magic, 0);
  view.setUint32(4, formatVersion, true);
  view.setBigUint64(8, BigInt(text.length), true);
  view.setUint32(checksumOffset, crc32c(text, crc32c(bytes.subarray(0, checksumOffset))), true);
  bytes.set(text, headerStart);
  for (const [i, { offset }] of entries.entries()) bytes.set(blocks.data[i]!, offset);
  return bytes;
}

/**
 * Offsets are inside the header and depend on its length. The header is therefore encoded again until its length agrees
 * with the offsets in it. This ends, because an offset can only gain a few digits.
 */
function encodeHeader(header: object, data: readonly Uint8Array[], checksums: readonly number[]) {
  let length = 0;
  for (;;) {
    let end = headerStart + length;
    const entries = data.map((block, i): BlockEntry => {
      const offset = alignBlock(end);
      end = offset + block.length;
      return { offset, length: block.length, crc32c: checksums[i]! };
    });
    const text = new TextEncoder().encode(JSON.stringify({ ...header, blocks: entries }));
    if (text.length === length) return { text, entries };
    length = text.length;
  }
}

function preprocessingHeader({ preprocessing }: Program) {
  const { channels, height, width, resize, resizeTo, mean, std } = preprocessing;
  return { channels, height, width, resize, ...(resizeTo === undefined ? {} : { resizeTo }), mean, std };
}

function operatorHeader(op: Operator, blocks: BlockWriter): Record<string, unknown> {
  const header: Record<string, unknown> = { op: op.op, name: op.name };
  const fields: Readonly<Record<string, Field>> = definitionOf(op).fields;
  for (const [name, { kind }] of Object.entries(fields)) {
    const value = (op as unknown as Record<string, unknown>)[name];
    if (value !== undefined) header[name] = fieldCodecs[kind].write(value as never, blocks);
  }
  return header;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let to = 0;
  for (const part of parts) {
    joined.set(part, to);
    to += part.length;
  }
  return joined;
}
