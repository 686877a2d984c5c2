/** @file A sample of an ONNX operator, and short ways to write one. */

import { float32 } from "../../src/ir/tensor.js";
import type { Attributes, Tensor } from "../../src/ir/types.js";
import { distinctValues } from "../gradient-check.js";

export interface Sample {
  readonly op: string;
  readonly domain?: string;
  readonly label?: string;
  /** Floats become graph inputs, the others constants; undefined leaves an optional input out. */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
  /** Inputs with a gradient; by default the first, if the operator has a gradient rule. */
  readonly differentiate?: readonly number[];
  /** The first dimension of input 0 is the symbol N. */
  readonly batched?: boolean;
  /** Inputs that are constants although they are floats. */
  readonly constants?: readonly number[];
}

let seed = 1;
/** Random values, shifted and scaled, in float32. */
export const random = (shape: readonly number[], scale = 1, offset = 0): Tensor =>
  float32(
    Float32Array.from(distinctValues(shape, seed++).data as Float64Array, (v) => v * scale + offset),
    shape,
  );
export const scalar = (value: number): Tensor => float32([value], []);
export const integers = (
  dtype: "int32" | "uint8" | "int8",
  values: readonly number[],
  shape = [values.length],
): Tensor => ({
  dtype,
  shape,
  data: (dtype === "int32" ? Int32Array : dtype === "int8" ? Int8Array : Uint8Array).from(values),
});
export const bools = (values: readonly number[], shape = [values.length]): Tensor => ({
  dtype: "bool",
  shape,
  data: Uint8Array.from(values),
});

export const unary = (op: string, x: Tensor = random([2, 3, 4]), attributes: Attributes = {}): Sample => ({
  op,
  inputs: [x],
  attributes,
});
export const binary = (op: string, a: Tensor, b: Tensor, more: Partial<Sample> = {}): Sample => ({
  op,
  inputs: [a, b],
  ...more,
});
export const both = { differentiate: [0, 1] };
