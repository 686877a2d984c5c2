/** @file Making and reading constants. */

import type { Tensor } from "./types.js";

/** Product of the dimensions; 1 for a scalar. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);

/** A float32 constant; a vector if no shape is given. */
export function float32(values: ArrayLike<number>, shape: readonly number[] = [values.length]): Tensor {
  return { dtype: "float32", shape, data: values instanceof Float32Array ? values : Float32Array.from(values) };
}

/** An int64 constant from safe integers; a vector if no shape is given. */
export function int64(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  return { dtype: "int64", shape, data: BigInt64Array.from(values, BigInt) };
}

/** The elements as JavaScript numbers (int64 beyond 2^53 loses precision). */
export function toNumbers(tensor: Tensor): number[] {
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}
