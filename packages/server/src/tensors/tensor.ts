/** @file Tensors with the type names of the Open Inference Protocol, and the sizes of their elements. */

/** Array types by datatype; `FP16` and `BF16` have the 16 bits of each number. */
const arrays = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const;

export type NumericDatatype = keyof typeof arrays;
export type Datatype = NumericDatatype | "BYTES";
export type NumericArray =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

export interface NumericTensor {
  readonly name: string;
  readonly datatype: NumericDatatype;
  readonly shape: readonly number[];
  /** The elements in row-major order, as many as the shape says. */
  readonly data: NumericArray;
}

export interface BytesTensor {
  readonly name: string;
  readonly datatype: "BYTES";
  readonly shape: readonly number[];
  readonly data: readonly Uint8Array[];
}

export type Tensor = NumericTensor | BytesTensor;

/** A tensor's name, type and shape; −1 is a dimension of any size. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

const isNumeric = (datatype: string): datatype is NumericDatatype => Object.hasOwn(arrays, datatype);
export const isDatatype = (datatype: string): datatype is Datatype => datatype === "BYTES" || isNumeric(datatype);

export const elementBytes = (datatype: NumericDatatype): number => arrays[datatype].BYTES_PER_ELEMENT;

export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

export const newArray = (datatype: NumericDatatype, length: number): NumericArray => new arrays[datatype](length);

/**
 * Little-endian bytes as an array of the type. It is always a copy: a view would need alignment, and posting it to another
 * thread would copy the whole body.
 */
export const arrayOfBytes = (datatype: NumericDatatype, bytes: Uint8Array): NumericArray =>
  new arrays[datatype](new Uint8Array(bytes).buffer);

export const bytesOfArray = ({ buffer, byteOffset, byteLength }: NumericArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
