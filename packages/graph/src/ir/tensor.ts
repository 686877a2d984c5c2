/** @file Making and reading constants. */

import type { DType, Tensor, TypedArray } from "./types.js";

/** The array that holds the elements of each type. */
export const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  int4: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  uint4: Uint8Array,
  bool: Uint8Array,
} as const satisfies Readonly<Record<DType, new (length: number) => TypedArray>>;

/** Product of the dimensions; 1 for a scalar. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);

/** A float32 constant; a vector where no shape is given. */
export function float32(values: ArrayLike<number>, shape: readonly number[] = [values.length]): Tensor {
  return { dtype: "float32", shape, data: values instanceof Float32Array ? values : Float32Array.from(values) };
}

/** An int64 constant from safe integers; a vector where no shape is given. */
export function int64(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  return { dtype: "int64", shape, data: BigInt64Array.from(values, BigInt) };
}

/** The elements as JavaScript numbers (int64 beyond 2^53 loses precision). */
export function toNumbers(tensor: Tensor): number[] {
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}
