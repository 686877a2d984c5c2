import { describe, expect, test } from "vitest";
import { ModelError } from "../errors.js";
import type { DType, Tensor, TypedArray } from "../ir/types.js";
import { fromBigInt, type TensorProto } from "./schema.js";
import { readTensor, writeTensor } from "./tensors.js";

/** A message with every field that the decoder would fill in. */
const message = (fields: Partial<TensorProto>): TensorProto => ({
  dims: [],
  data_type: 0,
  float_data: [],
  int32_data: [],
  string_data: [],
  int64_data: [],
  name: "t",
  raw_data: new Uint8Array(),
  double_data: [],
  uint64_data: [],
  external_data: [],
  data_location: 0,
  ...fields,
});

const dims = (...shape: number[]) => shape.map((dim) => fromBigInt(BigInt(dim)));

const limits: Readonly<Record<DType, TypedArray>> = {
  float32: Float32Array.of(0.1, -0, Number.POSITIVE_INFINITY),
  float64: Float64Array.of(0.1, -0, 5e-324),
  float16: Uint16Array.of(0x3c00, 0x8000, 0x7bff),
  int64: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, -1n),
  int32: Int32Array.of(-(2 ** 31), 2 ** 31 - 1, -1),
  int16: Int16Array.of(-32768, 32767, -1),
  int8: Int8Array.of(-128, 127, -1),
  int4: Int8Array.of(-8, 7, -1),
  uint64: BigUint64Array.of(0n, 2n ** 64n - 1n, 1n),
  uint32: Uint32Array.of(0, 2 ** 32 - 1, 1),
  uint16: Uint16Array.of(0, 65535, 1),
  uint8: Uint8Array.of(0, 255, 1),
  uint4: Uint8Array.of(0, 15, 1),
  bool: Uint8Array.of(0, 1, 1),
};

describe("constants survive writing and reading", () => {
  test.each(Object.entries(limits))("%s", (dtype, data) => {
    const tensor: Tensor = { dtype: dtype as DType, shape: [3, 1], data };
    expect(readTensor(message(writeTensor(tensor, "t")), "t")).toEqual(tensor);
  });

  test("scalars and tensors without elements", () => {
    for (const shape of [[], [0], [2, 0]]) {
      const tensor: Tensor = { dtype: "float32", shape, data: new Float32Array(shape.length === 0 ? 1 : 0) };
      expect(readTensor(message(writeTensor(tensor, "t")), "t")).toEqual(tensor);
    }
  });

  test("a view into a larger buffer is written alone", () => {
    const data = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
    expect(readTensor(message(writeTensor({ dtype: "float32", shape: [2], data }, "t")), "t").data).toEqual(
      Float32Array.of(2, 3),
    );
  });
});

test("4-bit codes lie two a byte, the first in the low bits", () => {
  const tensor: Tensor = { dtype: "int4", shape: [5], data: Int8Array.of(1, -2, 7, -8, 3) };
  expect(writeTensor(tensor, "t").raw_data).toEqual(Uint8Array.of(0xe1, 0x87, 0x03));
});

describe("elements in typed fields", () => {
  test.each<[DType, Partial<TensorProto>, TypedArray]>([
    ["float32", { data_type: 1, float_data: [0.5, -2] }, Float32Array.of(0.5, -2)],
    ["float64", { data_type: 11, double_data: [0.1, -2] }, Float64Array.of(0.1, -2)],
    [
      "int64",
      { data_type: 7, int64_data: [-(2n ** 63n), 2n ** 63n - 1n].map((v) => fromBigInt(v)) },
      BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n),
    ],
    [
      "uint64",
      { data_type: 13, uint64_data: [0n, 2n ** 64n - 1n].map((v) => fromBigInt(v, true)) },
      BigUint64Array.of(0n, 2n ** 64n - 1n),
    ],
    [
      "uint32",
      { data_type: 12, uint64_data: [1n, 2n ** 32n - 1n].map((v) => fromBigInt(v, true)) },
      Uint32Array.of(1, 2 ** 32 - 1),
    ],
    ["int8", { data_type: 3, int32_data: [-128, 127] }, Int8Array.of(-128, 127)],
    ["float16", { data_type: 10, int32_data: [0x3c00, 0xbc00] }, Uint16Array.of(0x3c00, 0xbc00)],
    ["bool", { data_type: 9, int32_data: [1, 0] }, Uint8Array.of(1, 0)],
    ["int4", { data_type: 22, int32_data: [0xe1] }, Int8Array.of(1, -2)],
    ["uint4", { data_type: 21, int32_data: [0xe1] }, Uint8Array.of(1, 14)],
  ])("%s", (dtype, fields, data) => {
    expect(readTensor(message({ dims: dims(2), ...fields }), "t")).toEqual({ dtype, shape: [2], data });
  });
});

describe("damaged constants are refused", () => {
  const cases: [string, Partial<TensorProto>, RegExp][] = [
    ["too few bytes", { dims: dims(2), data_type: 1, raw_data: new Uint8Array(7) }, /8 bytes, but the file has 7/],
    ["too few entries", { dims: dims(3), data_type: 1, float_data: [1] }, /needs 3 entries, but the file has 1/],
    ["a negative dimension", { dims: dims(-1), data_type: 1 }, /dimension -1/],
    ["a huge shape", { dims: dims(2 ** 40, 2 ** 40), data_type: 1, raw_data: new Uint8Array(4) }, /damaged/],
    [
      "a product that overflows to NaN",
      { dims: [...Array(40)].flatMap(() => dims(2 ** 52)).concat(dims(0)), data_type: 1 },
      /damaged/,
    ],
    ["strings", { dims: dims(1), data_type: 8 }, /element type string/],
    ["bfloat16", { dims: dims(1), data_type: 16 }, /element type bfloat16/],
    ["an unknown type", { dims: dims(1), data_type: 99 }, /number 99/],
    [
      "external data",
      { dims: dims(1), data_type: 1, data_location: 1, external_data: [{ key: "location", value: "w.bin" }] },
      /another file \("w.bin"\)/,
    ],
  ];
  test.each(cases)("%s", (_, fields, expected) => {
    expect(() => readTensor(message(fields), 'tensor "t"')).toThrow(ModelError);
    expect(() => readTensor(message(fields), 'tensor "t"')).toThrow(expected);
  });
});

test("external data is read through a loader", () => {
  const fields = {
    dims: dims(2),
    data_type: 1,
    data_location: 1,
    external_data: [
      { key: "location", value: "w.bin" },
      { key: "offset", value: "4" },
      { key: "length", value: "8" },
    ],
  };
  const file = new Uint8Array(Float32Array.of(9, 1, 2).buffer);
  const asked: unknown[] = [];
  const tensor = readTensor(message(fields), "t", {
    externalData(location, offset, length) {
      asked.push(location, offset, length);
      return file.subarray(offset, offset + length!);
    },
  });
  expect(tensor.data).toEqual(Float32Array.of(1, 2));
  expect(asked).toEqual(["w.bin", 4, 8]);
});
