/** @file Copies elements from files (little-endian, at any offset, in any order) to new arrays. */

import { type DType, elementCount, float32, fromFloat16Bits, type Tensor, type TypedArray } from "@subbyte/graph";

/** An element type of a file: those of the graph that fill whole bytes, and bfloat16, which is read as float32. */
export type StoredType = Exclude<DType, "int4" | "uint4"> | "bfloat16";

interface TypeInfo {
  /** Bytes of an element. */
  readonly size: 1 | 2 | 4 | 8;
  /** The typed array that interprets a whole buffer. */
  readonly array: new (
    buffer: ArrayBuffer,
  ) => TypedArray;
}

export const storedTypes: Readonly<Record<StoredType, TypeInfo>> = {
  float64: { size: 8, array: Float64Array },
  float32: { size: 4, array: Float32Array },
  float16: { size: 2, array: Uint16Array },
  bfloat16: { size: 2, array: Uint16Array },
  int64: { size: 8, array: BigInt64Array },
  int32: { size: 4, array: Int32Array },
  int16: { size: 2, array: Int16Array },
  int8: { size: 1, array: Int8Array },
  uint64: { size: 8, array: BigUint64Array },
  uint32: { size: 4, array: Uint32Array },
  uint16: { size: 2, array: Uint16Array },
  uint8: { size: 1, array: Uint8Array },
  bool: { size: 1, array: Uint8Array },
};

/** Copies bytes to the start of a buffer of their own: aligned for every element type, and for ONNX Runtime's SIMD. */
function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}

/** bfloat16 is the upper half of a float32. */
function widenBfloat16(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}

/** Decodes a contiguous tensor. `bytes` must have exactly the length that shape and type need. */
export function decodeTensor(bytes: Uint8Array, type: StoredType, shape: readonly number[]): Tensor {
  return fromBuffer(ownBuffer(bytes), type, shape);
}

function fromBuffer(buffer: ArrayBuffer, type: StoredType, shape: readonly number[]): Tensor {
  const data = new storedTypes[type].array(buffer);
  if (type === "bfloat16") return { dtype: "float32", shape, data: widenBfloat16(data as Uint16Array) };
  return { dtype: type, shape, data };
}

/** A view of a storage, as PyTorch describes it; offset and strides count elements. */
export interface StridedView {
  readonly bytes: Uint8Array;
  readonly type: StoredType;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** The index after the last element that a view reads. */
export function viewEnd({ offset, shape, strides }: StridedView): number {
  if (shape.includes(0)) return offset;
  return shape.reduce((end, dim, axis) => end + (dim - 1) * strides[axis]!, offset + 1);
}

/** Copies the elements of a view in row-major order. The view must lie within its bytes. */
export function decodeView(view: StridedView): Tensor {
  const { size } = storedTypes[view.type];
  const count = elementCount(view.shape);
  const span = view.bytes.subarray(view.offset * size, viewEnd(view) * size);
  if (isContiguous(view)) return decodeTensor(span, view.type, view.shape);
  const Word = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array }[size];
  const source = new Word(ownBuffer(span));
  const target = new Word(count);
  const index = view.shape.map(() => 0);
  let position = 0;
  for (let i = 0; i < count; i++) {
    target[i] = source[position]!;
    for (let axis = index.length - 1; axis >= 0; axis--) {
      position += view.strides[axis]!;
      if (++index[axis]! < view.shape[axis]!) break;
      position -= view.shape[axis]! * view.strides[axis]!;
      index[axis] = 0;
    }
  }
  return fromBuffer(target.buffer, view.type, view.shape);
}

/** Whether the strides are those of a row-major layout; dimensions of 1 may have any. */
function isContiguous({ shape, strides }: StridedView): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** Converts floating-point tensors to float32, rounded to nearest; others are returned as they are. */
export function toFloat32(tensor: Tensor): Tensor {
  if (tensor.dtype === "float64") return float32(new Float32Array(tensor.data as Float64Array), tensor.shape);
  if (tensor.dtype !== "float16") return tensor;
  const values = new Float32Array(tensor.data.length);
  for (let i = 0; i < values.length; i++) values[i] = fromFloat16Bits(tensor.data[i] as number);
  return float32(values, tensor.shape);
}
