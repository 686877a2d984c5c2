/**
 * @file The intermediate representation: an immutable, ONNX-like dataflow graph.
 *
 * A value is identified by its name, as in ONNX. Every name is produced exactly once: by a graph input, a constant in
 * `tensors`, or a node output. Nodes are in topological order. A pass maps a Graph to a Graph, or returns the very same object
 * if nothing changed.
 */

/** Element types. int4 and uint4 have one byte per element in memory and half a byte in files. */
export type DType =
  | "float32"
  | "float64"
  | "float16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "int4"
  | "uint64"
  | "uint32"
  | "uint16"
  | "uint8"
  | "uint4"
  | "bool";

/** A dimension: a number, or a symbol such as `"N"` for the batch size. */
export type Dim = number | string;

/** The JavaScript arrays that hold the elements of a tensor. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/**
 * The type of a value, as far as it is known before the value is computed. `shape` is absent if even the rank is
 * unknown.
 */
export interface TensorType {
  readonly dtype: DType;
  readonly shape?: readonly Dim[];
}

/**
 * A constant. `data` has one entry per element in row-major order. int4 and uint4 are in Int8Array and Uint8Array (one code per
 * byte; only files pack them), bool in Uint8Array, float16 in Uint16Array (its bits).
 */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/**
 * An attribute value. Numbers are written as INT if they are integers and the operator's schema says so; see `onnx/writer.ts`.
 */
export type Attribute = number | bigint | string | boolean | readonly number[] | readonly string[] | Tensor;

/** Attributes of a node by name, as the ONNX specification names them. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** One operator of a graph. Nodes are never changed; a new one takes the place of the old one. */
export interface Node {
  /** Unique within the graph. It is for messages and policies; connections use value names. */
  readonly name: string;
  /** Operator type, e.g. `"Conv"`. */
  readonly op: string;
  /** `""` for ONNX's own operators, `"com.microsoft"`, or `"subbyte"` for ours (FakeQuant). */
  readonly domain: string;
  /** Value names; `""` stands for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** A named graph input. */
export interface GraphInput extends TensorType {
  readonly name: string;
}

/** A network: inputs, operators in topological order, constants, outputs. It is never changed. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly GraphInput[];
  /** Names of the values that the graph returns, in order. */
  readonly outputs: readonly string[];
  readonly nodes: readonly Node[];
  /** Constants (weights among them) by value name. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}
