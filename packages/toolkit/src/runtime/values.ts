/** @file Converts our tensors to ONNX Runtime's, and back. */

import type { DType, Tensor, TypedArray } from "@subbyte/graph";
import { arrayTypes, elementCount, ModelError } from "@subbyte/graph";
import type * as Ort from "onnxruntime-node";
import type { OnnxRuntime } from "./onnxruntime.js";

/** Element types that ONNX Runtime's JavaScript interface carries. int4 and uint4 exist inside models only. */
type FedDType = Exclude<DType, "int4" | "uint4">;

const isFed = (dtype: DType): dtype is FedDType => dtype !== "int4" && dtype !== "uint4";

/**
 * ONNX Runtime reads input arrays in place and chooses its vector loops by address. If an array does not start on a
 * multiple of 16 bytes, its sums may round differently, and equal inputs would give different bits. An array with a
 * buffer of its own is always aligned; a view into a file or a pool may not be, so it is copied.
 */
const alignmentBytes = 16;

const isAligned = (data: TypedArray): boolean => data.byteOffset % alignmentBytes === 0;

/**
 * The tensor for ONNX Runtime; it shares memory with `tensor.data` if that is aligned.
 *
 * @throws {ModelError} if data, shape and element type disagree; `name` is the name of the value in the message.
 */
export function toOrt(ort: OnnxRuntime, name: string, tensor: Tensor): Ort.Tensor {
  const { dtype, shape, data } = tensor;
  if (!isFed(dtype))
    throw new ModelError(
      "unsupported-type",
      { place: `value "${name}"`, found: dtype },
      `value "${name}" is ${dtype}, which cannot be fed to ONNX Runtime`,
    );
  if (!(data instanceof arrayTypes[dtype]) || data.length !== elementCount(shape)) {
    throw new ModelError(
      "graph-argument",
      { argument: name, found: data.length, expected: [dtype, ...shape] },
      `value "${name}" is declared ${dtype}[${shape}] but holds ${data.length} elements in ${article(data)}`,
    );
  }
  const fed = isAligned(data) ? data : new (arrayTypes[dtype] as new (values: TypedArray) => TypedArray)(data);
  return new ort.Tensor(dtype as Ort.Tensor.Type, fed as Ort.Tensor.DataType, shape);
}

/** The tensor for ONNX Runtime to write to; its memory is always shared. */
export function toOrtOutput(ort: OnnxRuntime, name: string, tensor: Tensor): Ort.Tensor {
  if (!isAligned(tensor.data)) throw new RangeError(`internal: the array to write "${name}" to is not aligned`);
  return toOrt(ort, name, tensor);
}

/** The tensor that ONNX Runtime returned, without a copy. */
export function fromOrt(name: string, value: Ort.OnnxValue): Tensor {
  const { type, dims, data } = value as Ort.Tensor;
  if (type === "string" || !isFed(type))
    throw new ModelError(
      "unsupported-type",
      { place: `output "${name}"`, found: type },
      `output "${name}" is ${type}, which is not supported here`,
    );
  return { dtype: type, shape: dims, data: data as TypedArray };
}

const article = (data: object): string => {
  const name = data.constructor.name;
  return `${/^[IU]/.test(name) ? "an" : "a"} ${name}`;
};
