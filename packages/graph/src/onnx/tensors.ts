/**
 * @file Converts constants to and from `TensorProto`: every dtype of the IR, packed 4-bit codes, raw bytes and typed fields.
 */

import { ModelError } from "../errors.js";
import { arrayTypes, dtypeCode, dtypeOfCode, isPacked } from "../ir/element-types.js";
import { elementCount } from "../ir/tensor.js";
import type { DType, Tensor, TypedArray } from "../ir/types.js";
import { fromBigInt, type Int64, type TensorProto, toBigInt } from "./schema.js";
import { BFLOAT16, fromBfloat16, widenedTensor } from "./widen.js";

type TypedField = "float_data" | "double_data" | "int32_data" | "int64_data" | "uint64_data";

/** The fields that have the elements if they are not in `raw_data`. */
const fields: Readonly<Record<DType, TypedField>> = {
  float32: "float_data",
  float64: "double_data",
  float16: "int32_data",
  int64: "int64_data",
  int32: "int32_data",
  int16: "int32_data",
  int8: "int32_data",
  int4: "int32_data",
  uint64: "uint64_data",
  uint32: "uint64_data",
  uint16: "int32_data",
  uint8: "int32_data",
  uint4: "int32_data",
  bool: "int32_data",
};

/** Reads the bytes that a tensor keeps in another file. `location` is relative to the model, as ONNX has it. */
export type ExternalDataLoader = (location: string, offset: number, length: number | undefined) => Uint8Array;

export interface TensorReadOptions {
  readonly externalData?: ExternalDataLoader | undefined;
  /** Reads float16, bfloat16 and float64 as float32. */
  readonly widen?: boolean;
}

/**
 * Decodes a constant into a fresh, aligned array.
 *
 * @throws {ModelError} for external data without a loader, for an unknown element type, and if the number of elements is not
 * that of the shape
 */
export function readTensor(
  proto: TensorProto,
  where: string,
  { externalData, widen = false }: TensorReadOptions = {},
): Tensor {
  const shape = proto.dims.map((dim) => {
    const value = toBigInt(dim);
    if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
      throw new ModelError(
        "damaged-model",
        { place: where, reason: `dimension ${value}` },
        `${where} has the dimension ${value}; the file is damaged`,
      );
    return Number(value);
  });
  const isBfloat16 = widen && proto.data_type === BFLOAT16;
  const dtype = isBfloat16 ? "uint16" : dtypeOfCode(proto.data_type, where);
  if (proto.segment)
    throw new ModelError(
      "unsupported-form",
      { place: where, found: "segments" },
      `${where} is stored in segments, which is not supported; save it in one piece`,
    );
  const external = proto.data_location === 1 || proto.external_data.length > 0;
  const raw = external ? readExternal(proto, where, externalData) : proto.raw_data;
  const data = raw.length > 0 ? fromBytes(raw, dtype, shape, where) : fromFields(proto, dtype, shape, where);
  if (isBfloat16) return { dtype: "float32", shape, data: fromBfloat16(data as Uint16Array) };
  return widen ? widenedTensor({ dtype, shape, data }) : { dtype, shape, data };
}

function readExternal(proto: TensorProto, where: string, loader: ExternalDataLoader | undefined): Uint8Array {
  const entries = new Map(proto.external_data.map(({ key, value }) => [key, value]));
  const location = entries.get("location");
  if (!loader || location === undefined)
    throw new ModelError(
      "external-data",
      { place: where, location: location ?? "" },
      `${where} keeps its data in another file ("${location ?? "not named"}"); save the model as one file ` +
        "(onnx.save(model, path, save_as_external_data=False), or export with external_data=False)",
    );
  const position = (key: string): number | undefined => {
    const text = entries.get(key);
    const value = Number(text);
    if (text === undefined || text === "") return undefined;
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new ModelError(
      "damaged-model",
      { place: where, reason: `${key} ${text} of the external data` },
      `${where} keeps its data in "${location}" at ${key} ${text}, which is no position in a file; the model is damaged`,
    );
  };
  return loader(location, position("offset") ?? 0, position("length"));
}

const needed = (dtype: DType, shape: readonly number[]): string => `${dtype}[${shape.join(",")}]`;

function fromBytes(raw: Uint8Array, dtype: DType, shape: readonly number[], where: string): TypedArray {
  const count = elementCount(shape);
  const [array, packed] = [arrayTypes[dtype], isPacked(dtype)];
  const bytes = packed ? Math.ceil(count / 2) : count * new array(0).BYTES_PER_ELEMENT;
  if (bytes !== raw.length)
    throw new ModelError(
      "damaged-model",
      { place: where, reason: "wrong number of bytes", found: raw.length, expected: bytes },
      `${where} is ${needed(dtype, shape)}, ${bytes} bytes, but the file has ${raw.length}; the file is damaged`,
    );
  if (packed) return unpackNibbles(raw, dtype, count);
  const data = new array(count);
  new Uint8Array(data.buffer).set(raw); // ONNX is little-endian, and so is every machine that runs JavaScript
  return data;
}

function fromFields(proto: TensorProto, dtype: DType, shape: readonly number[], where: string): TypedArray {
  const count = elementCount(shape);
  const [array, packed] = [arrayTypes[dtype], isPacked(dtype)];
  const values: readonly (number | Int64)[] = proto[fields[dtype]];
  const entries = packed ? Math.ceil(count / 2) : count;
  if (values.length !== entries)
    throw new ModelError(
      "damaged-model",
      { place: where, reason: "wrong number of entries", found: values.length, expected: entries },
      `${where} is ${needed(dtype, shape)} and needs ${entries} entries, but the file has ${values.length}; ` +
        "the file is damaged",
    );
  if (packed) return unpackNibbles(Uint8Array.from(proto.int32_data), dtype, count);
  const data = new array(count);
  const is64Bit = data instanceof BigInt64Array || data instanceof BigUint64Array;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (is64Bit) data[i] = toBigInt(value as Int64);
    else (data as Float64Array)[i] = typeof value === "number" ? value : Number(toBigInt(value));
  }
  return data;
}

function unpackNibbles(bytes: Uint8Array, dtype: DType, count: number): TypedArray {
  const data = dtype === "int4" ? new Int8Array(count) : new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const nibble = (bytes[i >> 1]! >> ((i & 1) * 4)) & 15;
    data[i] = dtype === "int4" ? (nibble << 28) >> 28 : nibble;
  }
  return data;
}

function packNibbles(data: TypedArray): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(data.length / 2));
  for (let i = 0; i < data.length; i++) bytes[i >> 1]! |= (Number(data[i]) & 15) << ((i & 1) * 4);
  return bytes;
}

/**
 * Encodes a constant, always as raw bytes.
 *
 * @throws {ModelError} if the data do not fit the shape or the dtype
 */
export function writeTensor(tensor: Tensor, name: string): Partial<TensorProto> {
  const array = arrayTypes[tensor.dtype];
  if (!(tensor.data instanceof array) || tensor.data.length !== elementCount(tensor.shape))
    throw new ModelError(
      "malformed-graph",
      { tensors: [name], reason: "data does not fit the type" },
      `tensor "${name}" is ${needed(tensor.dtype, tensor.shape)}, but its data is a ` +
        `${tensor.data.constructor.name} of ${tensor.data.length} elements`,
    );
  const { buffer, byteOffset, byteLength } = tensor.data;
  return {
    name,
    dims: tensor.shape.map((dim) => fromBigInt(BigInt(dim))),
    data_type: dtypeCode(tensor.dtype),
    raw_data: isPacked(tensor.dtype) ? packNibbles(tensor.data) : new Uint8Array(buffer, byteOffset, byteLength),
  };
}
