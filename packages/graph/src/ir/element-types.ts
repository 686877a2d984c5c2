/** @file The element types of tensors: their numbers in ONNX and the arrays that hold them. */

import { ModelError } from "../errors.js";
import type { DType, TypedArray } from "./types.js";

interface ElementType {
  /** Number of the type in `TensorProto.DataType`. */
  readonly code: number;
  /** The array that holds the elements. */
  readonly array: new (
    elements: number,
  ) => TypedArray;
  /** Files pack two elements into a byte, the first in the low bits. */
  readonly packed?: true;
}

const elementTypes = {
  float32: { code: 1, array: Float32Array },
  uint8: { code: 2, array: Uint8Array },
  int8: { code: 3, array: Int8Array },
  uint16: { code: 4, array: Uint16Array },
  int16: { code: 5, array: Int16Array },
  int32: { code: 6, array: Int32Array },
  int64: { code: 7, array: BigInt64Array },
  bool: { code: 9, array: Uint8Array },
  float16: { code: 10, array: Uint16Array },
  float64: { code: 11, array: Float64Array },
  uint32: { code: 12, array: Uint32Array },
  uint64: { code: 13, array: BigUint64Array },
  uint4: { code: 21, array: Uint8Array, packed: true },
  int4: { code: 22, array: Int8Array, packed: true },
} as const satisfies Readonly<Record<DType, ElementType>>;

const dtypes = new Map<number, DType>(Object.entries(elementTypes).map(([dtype, { code }]) => [code, dtype as DType]));

/** ONNX element types without a counterpart in the IR, for messages. */
const refusedDTypes: Readonly<Record<number, string>> = {
  0: "undefined",
  8: "string",
  14: "complex64",
  15: "complex128",
  16: "bfloat16",
  17: "float8e4m3fn",
  18: "float8e4m3fnuz",
  19: "float8e5m2",
  20: "float8e5m2fnuz",
  23: "float4e2m1",
};

/** The array that holds the elements of each type. */
export const arrayTypes = Object.fromEntries(
  Object.entries(elementTypes).map(([dtype, { array }]) => [dtype, array]),
) as { readonly [D in DType]: (typeof elementTypes)[D]["array"] };

/** Whether files pack two elements of the type into a byte. */
export const isPacked = (dtype: DType): boolean => "packed" in elementTypes[dtype];

export const isFloat = (dtype: DType): boolean => dtype === "float32" || dtype === "float64" || dtype === "float16";

/** Whether the elements are bigints. */
export const isBig = (dtype: DType): boolean => dtype === "int64" || dtype === "uint64";

/** The number of a dtype in `TensorProto.DataType`. */
export const dtypeCode = (dtype: DType): number => elementTypes[dtype].code;

/**
 * The dtype for a number of `TensorProto.DataType`.
 *
 * @throws {ModelError} if the IR has none
 */
export function dtypeOfCode(code: number, where: string): DType {
  const dtype = dtypes.get(code);
  if (dtype) return dtype;
  throw new ModelError(
    "unsupported-type",
    { place: where, found: refusedDTypes[code] ?? code },
    `${where} has element type ${refusedDTypes[code] ?? `number ${code}`}, which is not supported; ` +
      "convert the model to float32 (integers and booleans may stay) and export it again",
  );
}
