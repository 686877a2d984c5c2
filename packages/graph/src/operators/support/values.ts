/** @file Making tensors and visiting their elements, for reference implementations. */

import { arrayTypes, isBig } from "../../ir/element-types.js";
import { fromFloat16Bits, toFloat16Bits } from "../../ir/float16.js";
import { elementCount } from "../../ir/tensor.js";
import type { DType, Tensor, TypedArray } from "../../ir/types.js";

/** A new array of zeros for a type. */
export const allocate = (dtype: DType, length: number): TypedArray => new arrayTypes[dtype](length);

/** The elements as numbers in an indexable array: a view if they are numbers, a copy if they are bigints. */
export function numbersOf(tensor: Tensor): ArrayLike<number> {
  if (isBig(tensor.dtype)) return Array.from(tensor.data as BigInt64Array, Number);
  if (tensor.dtype === "float16") return Float64Array.from(tensor.data as Uint16Array, fromFloat16Bits);
  return tensor.data as Float64Array;
}

/** A tensor of the type, each value rounded into it. */
export function tensorOf(dtype: DType, shape: readonly number[], values: ArrayLike<number>): Tensor {
  const data = allocate(dtype, values.length);
  for (let i = 0; i < values.length; i++)
    data[i] = isBig(dtype)
      ? BigInt(Math.trunc(values[i]!))
      : dtype === "float16"
        ? toFloat16Bits(values[i]!)
        : values[i]!;
  return { dtype, shape, data };
}

/**
 * A tensor whose element at flat position i is `source.data[from(i)]`, or `fill` (0 by default) if `from(i)` is negative.
 * Exact.
 */
export function gathered(
  source: Tensor,
  shape: readonly number[],
  from: (index: readonly number[], flat: number) => number,
  fill?: number | bigint,
): Tensor {
  const data = allocate(source.dtype, elementCount(shape));
  forEachIndex(shape, (index, flat) => {
    const at = from(index, flat);
    if (at >= 0) data[flat] = source.data[at]!;
    else if (fill !== undefined) data[flat] = fill;
  });
  return { dtype: source.dtype, shape, data };
}

/** Number of elements from one neighbour to the next along each axis of a row-major tensor. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Visits every index of the shape in row-major order. The index array is reused between calls. */
export function forEachIndex(shape: readonly number[], visit: (index: readonly number[], flat: number) => void): void {
  const count = elementCount(shape);
  const index = new Array<number>(shape.length).fill(0);
  for (let flat = 0; flat < count; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** The flat position of an index: Σ index·stride. */
export const flatten = (index: readonly number[], strides: readonly number[]): number => {
  let flat = 0;
  for (let axis = 0; axis < index.length; axis++) flat += index[axis]! * strides[axis]!;
  return flat;
};
