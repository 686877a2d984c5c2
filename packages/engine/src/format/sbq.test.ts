import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hexDump } from "../../test/hex-dump.js";
import { everyOperator, tinyNetwork } from "../../test/networks.js";
import { Random } from "../../test/programs.js";
import { FormatError } from "../errors.js";
import { checkProgram } from "../program/check.js";
import type { Operator, Program } from "../program/program.js";
import { createReference } from "../reference/reference.js";
import { crc32c } from "./crc32c.js";
import { checksumOffset, headerStart, magic } from "./layout.js";
import { readSbq } from "./reader.js";
import { writeSbq } from "./writer.js";

/** Parsed JSON that the tests change at will. */
// biome-ignore lint/suspicious/noExplicitAny: lies are about wrong types
type Header = any;

const golden = join(import.meta.dirname, "../../test/golden/tiny-v1.sbq");
const documentation = join(import.meta.dirname, "../../../../docs/sbq-format.md");

describe("write and read", () => {
  for (const bits of [2, 3, 4, 5, 6, 7, 8])
    for (const linearLogits of [true, false])
      test(`every operator at ${bits} bits comes back the same, and gives the same bytes again`, () => {
        const program = everyOperator(new Random(bits), { bits, linearLogits });
        const bytes = writeSbq(program);
        const back = readSbq(bytes);
        expect(back).toEqual(program);
        expect(writeSbq(back)).toEqual(bytes);
        const image = new Random(99).bytes(192);
        expect(createReference(back).run(image)).toEqual(createReference(program).run(image));
      });

  test.each(["softmax", "sigmoid"] as const)("probabilities by %s come back", (probabilities) => {
    const program: Program = { ...tinyNetwork(), probabilities };
    expect(readSbq(writeSbq(program))).toEqual(program);
  });

  test("a file may stand anywhere in a larger buffer", () => {
    const bytes = writeSbq(tinyNetwork());
    const larger = new Uint8Array(bytes.length + 7);
    larger.set(bytes, 3);
    expect(readSbq(larger.subarray(3, 3 + bytes.length))).toEqual(tinyNetwork());
    // A Buffer's `slice` shares its memory.
    expect(readSbq(Buffer.from(bytes))).toEqual(tinyNetwork());
  });

  test("weights take their bit width: 2 bits a quarter of 8", () => {
    const sizes = [2, 4, 8].map((bits) => {
      const program = everyOperator(new Random(1), { bits });
      const conv = program.operators[0] as Extract<Operator, { op: "conv" }>;
      const header = JSON.parse(headerText(writeSbq(program)));
      expect(conv.weights.bits).toBe(bits);
      return header.blocks[header.operators[0].weights.codes].length;
    });
    expect(sizes).toEqual([4 * 7, 4 * 14, 4 * 27]);
  });
});

describe("version 1", () => {
  test("the golden file still opens, and is written the same", () => {
    const bytes = new Uint8Array(readFileSync(golden));
    expect(readSbq(bytes)).toEqual(tinyNetwork());
    expect(writeSbq(tinyNetwork())).toEqual(bytes);
    expect([...createReference(readSbq(bytes)).run(Uint8Array.of(9, 200, 3))]).toMatchInlineSnapshot(`
      [
        -1.0500000715255737,
        -0.550000011920929,
      ]
    `);
  });

  test("a Buffer, as Node reads files, opens like any bytes, and is not part of the program", () => {
    const pool = Buffer.concat([Buffer.alloc(3), readFileSync(golden)]);
    const program = readSbq(pool.subarray(3));
    expect(program).toEqual(tinyNetwork());
    pool.fill(0xff);
    expect(program).toEqual(tinyNetwork());
  });

  test("the documentation shows its bytes", () => {
    expect(readFileSync(documentation, "utf8")).toContain(hexDump(new Uint8Array(readFileSync(golden))));
  });
});

describe("damaged files", () => {
  const bytes = writeSbq(tinyNetwork());

  test("whose memory was transferred elsewhere", () => {
    const given = bytes.slice();
    structuredClone(given.buffer, { transfer: [given.buffer] });
    expect(() => readSbq(given)).toThrow(FormatError);
  });

  test("cut off at every length", () => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => readSbq(bytes.slice(0, length)), `at ${length}`).toThrow(FormatError);
  });

  test.each([
    ["a page that a server sends where there is no file", "\n<!DOCTYPE html>\n<html></html>", "web page"],
    ["an empty file", "", "empty"],
    ["another file", "\u0008\u0008\u0012\u0007pytorch", "quantize a float network"],
  ])("%s is recognised", (_, text, said) => {
    expect(() => readSbq(new TextEncoder().encode(text))).toThrow(said);
  });

  test("a byte more", () => {
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(() => readSbq(longer)).toThrow("blocks: end at");
  });

  test("any bit flipped, any byte 00, 7F or FF", () => {
    for (let i = 0; i < bytes.length; i++)
      for (const value of [...Array.from({ length: 8 }, (_, bit) => bytes[i]! ^ (1 << bit)), 0x00, 0x7f, 0xff]) {
        if (value === bytes[i]) continue;
        const damaged = bytes.slice();
        damaged[i] = value;
        expect(() => readSbq(damaged), `byte ${i} set to ${value}`).toThrow(FormatError);
      }
  });
});

describe("well-formed files that lie", () => {
  const { header: honest, data } = dissect(writeSbq(tinyNetwork()));
  test("an honest header, filled up with spaces, is read", () => {
    expect(readSbq(assemble(JSON.stringify(honest), data))).toEqual(tinyNetwork());
  });

  const lies: readonly (readonly [string, (header: Header) => void, string])[] = [
    [
      "a huge tensor",
      (h) => (h.tensors[0].shape = [3, 65536, 65536]),
      "tensors[0].shape: [3,65536,65536] needs more than",
    ],
    ["a bit width of 9", (h) => (h.tensors[0].bits = 9), "tensors[0].bits: must be an integer in [2, 8], is 9"],
    [
      "a bit width of weights of 1",
      (h) => (h.operators[1].weights.bits = 1),
      "operators[1].weights.bits: must be an integer",
    ],
    [
      "a scale that is no float32",
      (h) => (h.tensors[0].scale = 0.1),
      "tensors[0].scale: must be a finite, positive, normal",
    ],
    ["a subnormal scale", (h) => (h.tensors[0].scale = 2 ** -130), "tensors[0].scale: must be"],
    ["a negative scale", (h) => (h.tensors[0].scale = -0.5), "tensors[0].scale: must be"],
    ["a text for a number", (h) => (h.tensors[0].bits = "4"), "tensors[0].bits: must be a non-negative integer"],
    [
      "a zero point outside",
      (h) => (h.tensors[0].zeroPoint = 16),
      "tensors[0].zeroPoint: must be an integer in [0, 15]",
    ],
    [
      "bit widths of single channels",
      (h) => (h.tensors[0].channelBits = [4, 2, 4]),
      "tensors[0].channelBits: bit widths of single channels are not supported any more; quantize the network again",
    ],
    ["an unknown field", (h) => (h.operators[1].groups = 1), "operators[1].groups: is not a field"],
    [
      "__proto__",
      (h) => (h.tensors[0] = JSON.parse(JSON.stringify(h.tensors[0]).replace("{", '{"__proto__":{},'))),
      "__proto__",
    ],
    ["a missing field", (h) => delete h.operators[1].bias, "operators[1].bias: is missing"],
    ["an unknown operator", (h) => (h.operators[0].op = "toString"), "operators[0].op: is no operator"],
    ["a read before the write", (h) => (h.operators[0].input = 1), 'reads tensor 1, "flat", before it is produced'],
    ["a tensor that does not exist", (h) => (h.operators[0].input = 2), "reads tensor 2; there are 2"],
    [
      "a second writer",
      (h) => h.operators.unshift(h.operators[0]),
      "operators[1].output: tensor 1 is already produced",
    ],
    ["logits in the middle", (h) => h.operators.reverse(), "operators"],
    ["blocks in another order", (h) => (h.operators[1].bias = 1), "operators[1].bias: must refer to block 3"],
    ["a shared block", (h) => (h.operators[1].bias = 0), "operators[1].bias: must refer to block 3"],
    ["a block too far", (h) => (h.blocks[1].offset += 64), "blocks[1].offset: must be"],
    ["overlapping blocks", (h) => (h.blocks[1].offset -= 64), "blocks[1].offset: must be"],
    ["a length of 2^53", (h) => (h.blocks[3].length = 2 ** 53 - 1), "blocks[3].length"],
    ["a short block", (h) => (h.blocks[3].length = 4), "blocks[3]"],
    [
      "another weight shape",
      (h) => (h.operators[1].weights.shape = [2, 6]),
      "operators[1].weights.codes: must refer to 6 bytes",
    ],
    [
      "an endless weight shape",
      (h) => (h.operators[1].weights.shape = [2 ** 53 - 1, 2 ** 53 - 1]),
      "operators[1].weights.shape: has 9007199254740991 codes per channel",
    ],
    ["classes that do not fit", (h) => (h.classes = 3), "labels"],
    [
      "probabilities of another kind",
      (h) => (h.probabilities = "tanh"),
      'probabilities: must be "softmax" or "sigmoid"',
    ],
    ["no operators", (h) => (h.operators = []), "blocks[1]: is referred to nowhere"],
    [
      "a deep provenance",
      (h) => (h.provenance = JSON.parse(`${'{"a":'.repeat(9)}1${"}".repeat(9)}`)),
      "is nested deeper",
    ],
    ["preprocessing of another size", (h) => (h.preprocessing.height = 2), "preprocessing.height: is 2"],
    ["a standard deviation of 0", (h) => (h.preprocessing.std = [1, 0, 1]), "preprocessing.std: must be positive"],
  ];
  for (const [label, change, message] of lies)
    test(label, () => {
      const header = structuredClone(honest);
      change(header);
      const read = () => readSbq(assemble(JSON.stringify(header), data));
      expect(read).toThrow(FormatError);
      expect(read).toThrow(message);
    });

  const text = JSON.stringify(honest);
  test.each([
    ["a name twice in the header", '{"', '{"name":"other","', 'has the name "name" twice'],
    ["a name twice in a tensor", '"bits":', '"bits":2,"bits":', 'has the name "bits" twice'],
    ["a name twice by an escape", '"bits":', '"b\\u0069ts":2,"bits":', 'has the name "bits" twice'],
    ["a name twice in the provenance", '"provenance":{', '"provenance":{"a":1,"a":1', 'has the name "a" twice'],
    ["a fraction for an integer", /"bits":(\d)/, '"bits":$1.0', "tensors[0].bits: must be"],
    ["an exponent for an integer", /"bits":(\d)/, '"bits":$1e0', "tensors[0].bits: must be"],
    ["-0 for an integer", '"input":0', '"input":-0', "input: must be"],
    ["a number that is no JSON", /"bits":(\d)/, '"bits":0$1', "is not JSON"],
    ["a float64 that is infinite", /"scale":[\d.e-]+/, '"scale":1e999', "which no float64 holds"],
    ["something after the end", /\}$/, "}{}", "has something after its end"],
  ])("rules of the text: %s", (_, from, to, message) => {
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    const read = () => readSbq(assemble(changed, data));
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
  });

  test("provenance nested ten thousand deep", () => {
    const deep = `"provenance":${'{"a":'.repeat(9999)}{}${"}".repeat(9999)}`;
    const text = JSON.stringify(honest).replace('"provenance":{}', deep);
    expect(() => readSbq(assemble(text, data))).toThrow("is more than 64 levels deep");
  });

  test("a header that is no UTF-8, no JSON, no object, or nested a million deep", () => {
    for (const text of ["", "\uFEFF{}", "[]", "null", "1", '{"name":', "[".repeat(1e6)])
      expect(() => readSbq(assemble(text, data)), text.slice(0, 10)).toThrow(FormatError);
  });
});

describe("checkProgram", () => {
  const linear = (p: Program) => p.operators[1] as Extract<Operator, { op: "linear" }>;
  const withLinear = (change: object): Program => {
    const p = tinyNetwork();
    return { ...p, operators: [p.operators[0]!, { ...linear(p), ...change } as Operator] };
  };

  test("the accumulator bound counts the zero point: 2^31 − 1 passes, 2^31 does not", () => {
    // Channel 0: Σ|w|·15 = 90, Σw = 2, folded bias b − 14.
    const edge = 2 ** 31 - 1 - 90 - 14;
    checkProgram(withLinear({ bias: Int32Array.of(-edge, 0) }));
    expect(() => checkProgram(withLinear({ bias: Int32Array.of(-edge - 1, 0) }))).toThrow(
      "operators[1].weights: channel 0 can reach 2147483648 in its accumulator",
    );
  });

  test("codes beyond their bit width, scales whose product underflows, too much memory", () => {
    const { weights } = linear(tinyNetwork());
    const codes = Int8Array.of(1, -2, 4, 0, 0, 0);
    expect(() => checkProgram(withLinear({ weights: { ...weights, codes } }))).toThrow(
      "operators[1].weights.codes[2]: must lie in [-4, 3] at 3 bits, is 4",
    );
    const p = withLinear({ weights: { ...weights, scales: Float32Array.of(2 ** -126, 1) } });
    const small = p.tensors.map((t) => ({ ...t, scale: 2 ** -100 }));
    expect(() => checkProgram({ ...p, tensors: small })).toThrow(
      "operators[1].weights.scales[0]: gives a multiplier of 0",
    );
    expect(() => checkProgram(tinyNetwork(), { maxBytes: 100 })).toThrow("more than the limit of 100; raise maxBytes");
  });
});

function headerText(bytes: Uint8Array): string {
  const length = new DataView(bytes.buffer).getUint32(8, true);
  return new TextDecoder().decode(bytes.subarray(headerStart, headerStart + length));
}

/** Where `assemble` puts the data; a header may be any shorter text, filled up with spaces. */
const dataStart = 65536;

/** The header of a written file with its blocks moved to `dataStart`, and those blocks. */
function dissect(bytes: Uint8Array): { header: Header; data: Uint8Array } {
  const header = JSON.parse(headerText(bytes));
  const first = header.blocks[0].offset;
  for (const block of header.blocks) block.offset += dataStart - first;
  return { header, data: bytes.subarray(first) };
}

/** A file of any header text, with valid checksum. */
function assemble(text: string, data: Uint8Array): Uint8Array {
  const header = new TextEncoder().encode(text.padEnd(dataStart - headerStart));
  const result = new Uint8Array(headerStart + header.length + data.length);
  result.set(magic);
  result.set(header, headerStart);
  result.set(data, headerStart + header.length);
  const view = new DataView(result.buffer);
  view.setUint32(4, 1, true);
  view.setBigUint64(8, BigInt(header.length), true);
  view.setUint32(checksumOffset, crc32c(header, crc32c(result.subarray(0, checksumOffset))), true);
  return result;
}
