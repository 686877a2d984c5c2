import type { Tensor } from "@subbyte/graph";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataError } from "../errors.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

/** A file of the given header text and data. */
function fileOf(header: string, data: Uint8Array = new Uint8Array(0), length = header.length): Uint8Array {
  const file = new Uint8Array(8 + header.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(new TextEncoder().encode(header), 8);
  file.set(data, 8 + header.length);
  return file;
}

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });

/** Any bits of each type, NaNs and infinities among them. */
const tensors: fc.Arbitrary<Tensor> = fc
  .tuple(
    fc.constantFrom(
      ["float32", Float32Array] as const,
      ["float64", Float64Array] as const,
      ["float16", Uint16Array] as const,
      ["int64", BigInt64Array] as const,
      ["int32", Int32Array] as const,
      ["int16", Int16Array] as const,
      ["int8", Int8Array] as const,
      ["uint64", BigUint64Array] as const,
      ["uint32", Uint32Array] as const,
      ["uint16", Uint16Array] as const,
      ["uint8", Uint8Array] as const,
      ["bool", Uint8Array] as const,
    ),
    shapes,
    fc.uint8Array({ minLength: 2048, maxLength: 2048 }),
  )
  .map(([[dtype, array], shape, bytes]) => {
    const count = shape.reduce((product, dim) => product * dim, 1);
    return { dtype, shape, data: new array(bytes.buffer.slice(0, count * array.BYTES_PER_ELEMENT)) };
  });

const bits = ({ dtype, shape, data }: Tensor) => ({
  dtype,
  shape,
  bytes: [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)],
});

describe("round trip", () => {
  test("any tensors under any names come back bit for bit, aligned in the file", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), tensors, { maxKeys: 6 }),
        fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
        (dictionary, metadata) => {
          const { __metadata__: reserved, ...entries } = dictionary;
          const written = writeSafetensors(new Map(Object.entries(entries)), metadata);
          const read = readSafetensors(written);
          expect(read.tensors.size).toBe(Object.keys(entries).length);
          for (const [name, tensor] of Object.entries(entries))
            expect(bits(read.tensors.get(name)!)).toEqual(bits(tensor));
          expect({ ...read.metadata }).toEqual({ ...metadata });
          expect(writeSafetensors(read.tensors, read.metadata)).toEqual(written);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("a tensor that is a view of a larger buffer is written alone", () => {
    const data = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    const { tensors } = readSafetensors(writeSafetensors(new Map([["x", { dtype: "float32", shape: [2], data }]])));
    expect(tensors.get("x")!.data).toEqual(Float32Array.of(1, 2));
  });

  test("the bytes are those of the specification", () => {
    const file = writeSafetensors(
      new Map<string, Tensor>([
        ["b", { dtype: "int8", shape: [1], data: Int8Array.of(-1) }],
        ["a", { dtype: "float32", shape: [1, 1], data: Float32Array.of(1) }],
      ]),
      { k: "v" },
    );
    const header =
      '{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},' +
      '"b":{"dtype":"I8","shape":[1],"data_offsets":[4,5]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(file).toEqual(fileOf(padded, Uint8Array.of(0, 0, 0x80, 0x3f, 0xff)));
  });

  test("bfloat16 is read as float32", () => {
    const file = fileOf(
      '{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}',
      Uint8Array.of(0x80, 0x3f, 0x49, 0xc0),
    );
    expect(readSafetensors(file).tensors.get("x")).toEqual({
      dtype: "float32",
      shape: [2],
      data: Float32Array.of(1, -3.140625),
    });
  });

  test("4-bit codes and the reserved name cannot be written", () => {
    const codes: Tensor = { dtype: "int4", shape: [1], data: Int8Array.of(1) };
    expect(() => writeSafetensors(new Map([["x", codes]]))).toThrow(DataError);
    const reserved = new Map([["__metadata__", { ...codes, dtype: "int8" as const }]]);
    expect(() => writeSafetensors(reserved)).toThrow(DataError);
  });
});

describe("damaged files", () => {
  const x = (offsets: string, more = "") => `{"x":{"dtype":"F32","shape":[2],"data_offsets":${offsets}}${more}}`;
  const y = (offsets: string) => `,"y":{"dtype":"U8","shape":[4],"data_offsets":${offsets}}`;

  test.each([
    ["no header", new Uint8Array(9), /does not begin like a safetensors file/],
    ["a header beyond the file", fileOf("{}", undefined, 1000), /its header alone needs 1008/],
    ["a header beyond the limit", fileOf("{}", undefined, 2 ** 40), /does not begin/],
    ["a header that is no JSON", fileOf("{x}"), /not a JSON object/],
    ["metadata of numbers", fileOf('{"__metadata__":{"a":1}}'), /metadata other than texts/],
    [
      "an unknown type",
      fileOf('{"x":{"dtype":"F8_E4M3","shape":[],"data_offsets":[0,1]}}'),
      /"F8_E4M3"; known types are F64/,
    ],
    ["a type from the prototype", fileOf('{"x":{"dtype":"toString","shape":[],"data_offsets":[0,1]}}'), /element type/],
    ["a negative dimension", fileOf('{"x":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}'), /malformed shape/],
    ["a shape beyond all numbers", fileOf('{"x":{"dtype":"U8","shape":[9e15,9e15],"data_offsets":[0,8]}}'), /needs/],
    ["three offsets", fileOf(x("[0,8,8]"), new Uint8Array(8)), /malformed/],
    ["offsets of another length", fileOf(x("[0,4]"), new Uint8Array(8)), /needs 8 bytes, but its offsets give 4/],
    ["offsets in reverse", fileOf(x("[8,0]"), new Uint8Array(8)), /its offsets give -8/],
    ["data beyond the file", fileOf(x("[0,8]"), new Uint8Array(7)), /ends within the data of "x"/],
    ["a gap", fileOf(x("[0,8]", y("[9,13]")), new Uint8Array(13)), /a gap before the data of "y"/],
    ["an overlap", fileOf(x("[0,8]", y("[6,10]")), new Uint8Array(10)), /an overlap before the data of "y"/],
    ["bytes at the end", fileOf(x("[0,8]"), new Uint8Array(9)), /1 bytes that belong to no tensor/],
    [
      "a name that is there twice",
      fileOf(`{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}${y("[0,4]").replace("y", "x")}}`, new Uint8Array(4)),
      /the same name twice/,
    ],
    [
      "a name that is there twice, once with an escape",
      fileOf(
        `{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}${y("[0,4]").replace("y", "\\u0078")}}`,
        new Uint8Array(4),
      ),
      /the same name twice/,
    ],
    [
      "a field that is there twice",
      fileOf('{"x":{"dtype":"U8","shape":[4],"shape":[4],"data_offsets":[0,4]}}'),
      /the same name twice/,
    ],
    ["lists in lists without end", fileOf(`{"x":${"[".repeat(1e6)}${"]".repeat(1e6)}}`), /nested/],
    ["millions of lists in a list", fileOf(`{"x":[${"[],".repeat(5e6)}[]]}`), /nested/],
    ["a null entry", fileOf('{"x":null}'), /element type/],
  ])("%s is refused", (_, file, message) => {
    expect(() => readSafetensors(file)).toThrow(DataError);
    expect(() => readSafetensors(file)).toThrow(message);
  });

  test("every truncation is refused", () => {
    const whole = fileOf(x("[0,8]"), new Uint8Array(8));
    expect(readSafetensors(whole).tensors.size).toBe(1);
    for (let length = 0; length < whole.length; length++)
      expect(() => readSafetensors(whole.subarray(0, length))).toThrow(DataError);
  });
});
