/**
 * @file The ONNX messages that we read and write, as protobuf descriptors and as types.
 *
 * Field numbers and names are those of `onnx.proto3` (IR version 10). Fields that we have no use for (documentation,
 * training information, denotations) are left out: a protobuf reader skips them. Fields that change what a model
 * computes (functions, sparse initializers, external data…) are declared, so that the reader can refuse them.
 */

import protobuf from "protobufjs/light.js";

/** A protobuf int64 in the form of protobufjs: two 32-bit halves, because a number is not exact. */
export interface Int64 {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

export interface StringStringEntryProto {
  key: string;
  value: string;
}

export interface TensorProto {
  dims: Int64[];
  data_type: number;
  segment?: object | null;
  float_data: number[];
  int32_data: number[];
  string_data: Uint8Array[];
  int64_data: Int64[];
  name: string;
  raw_data: Uint8Array;
  double_data: number[];
  uint64_data: Int64[];
  external_data: StringStringEntryProto[];
  data_location: number;
}

export interface AttributeProto {
  name: string;
  ref_attr_name: string;
  type: number;
  f: number;
  i: Int64;
  s: string;
  t?: TensorProto | null;
  floats: number[];
  ints: Int64[];
  strings: string[];
}

export interface NodeProto {
  input: string[];
  output: string[];
  name: string;
  op_type: string;
  domain: string;
  attribute: AttributeProto[];
}

export interface DimensionProto {
  dim_value: Int64;
  dim_param: string;
}

export interface TypeProto {
  tensor_type?: { elem_type: number; shape?: { dim: DimensionProto[] } | null } | null;
}

export interface ValueInfoProto {
  name: string;
  type?: TypeProto | null;
}

export interface GraphProto {
  node: NodeProto[];
  name: string;
  initializer: TensorProto[];
  sparse_initializer: object[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  value_info: ValueInfoProto[];
}

export interface ModelProto {
  ir_version: Int64;
  opset_import: { domain: string; version: Int64 }[];
  producer_name: string;
  producer_version: string;
  graph?: GraphProto | null;
  metadata_props: StringStringEntryProto[];
  functions: { name: string; domain: string }[];
}

/** A field: number, type, and whether it is repeated (`[]`) and packed (`[packed]`). */
type FieldSpec = readonly [id: number, type: string, repeated?: "[]" | "[packed]"];

/** The number of the field `graph` in a ModelProto. */
export const GRAPH_FIELD = 7;

const messages: Readonly<Record<string, Readonly<Record<string, FieldSpec>>>> = {
  StringStringEntryProto: { key: [1, "string"], value: [2, "string"] },
  Segment: { begin: [1, "int64"], end: [2, "int64"] },
  TensorProto: {
    dims: [1, "int64", "[]"],
    data_type: [2, "int32"],
    segment: [3, "Segment"],
    float_data: [4, "float", "[packed]"],
    int32_data: [5, "int32", "[packed]"],
    string_data: [6, "bytes", "[]"],
    int64_data: [7, "int64", "[packed]"],
    name: [8, "string"],
    raw_data: [9, "bytes"],
    double_data: [10, "double", "[packed]"],
    uint64_data: [11, "uint64", "[packed]"],
    external_data: [13, "StringStringEntryProto", "[]"],
    data_location: [14, "int32"],
  },
  AttributeProto: {
    name: [1, "string"],
    f: [2, "float"],
    i: [3, "int64"],
    s: [4, "string"],
    t: [5, "TensorProto"],
    floats: [7, "float", "[]"],
    ints: [8, "int64", "[]"],
    strings: [9, "string", "[]"],
    type: [20, "int32"],
    ref_attr_name: [21, "string"],
  },
  NodeProto: {
    input: [1, "string", "[]"],
    output: [2, "string", "[]"],
    name: [3, "string"],
    op_type: [4, "string"],
    attribute: [5, "AttributeProto", "[]"],
    domain: [7, "string"],
  },
  DimensionProto: { dim_value: [1, "int64"], dim_param: [2, "string"] },
  TensorShapeProto: { dim: [1, "DimensionProto", "[]"] },
  TensorTypeProto: { elem_type: [1, "int32"], shape: [2, "TensorShapeProto"] },
  TypeProto: { tensor_type: [1, "TensorTypeProto"] },
  ValueInfoProto: { name: [1, "string"], type: [2, "TypeProto"] },
  SparseTensorProto: {},
  GraphProto: {
    node: [1, "NodeProto", "[]"],
    name: [2, "string"],
    initializer: [5, "TensorProto", "[]"],
    input: [11, "ValueInfoProto", "[]"],
    output: [12, "ValueInfoProto", "[]"],
    value_info: [13, "ValueInfoProto", "[]"],
    sparse_initializer: [15, "SparseTensorProto", "[]"],
  },
  OperatorSetIdProto: { domain: [1, "string"], version: [2, "int64"] },
  FunctionProto: { name: [1, "string"], domain: [10, "string"] },
  ModelProto: {
    ir_version: [1, "int64"],
    producer_name: [2, "string"],
    producer_version: [3, "string"],
    graph: [GRAPH_FIELD, "GraphProto"],
    opset_import: [8, "OperatorSetIdProto", "[]"],
    metadata_props: [14, "StringStringEntryProto", "[]"],
    functions: [25, "FunctionProto", "[]"],
  },
};

const field = ([id, type, repeated]: FieldSpec) => ({
  id,
  type,
  ...(repeated && { rule: "repeated" }),
  ...(repeated === "[packed]" && { options: { packed: true } }),
});

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(messages).map(([name, fields]) => [
      name,
      { fields: Object.fromEntries(Object.entries(fields).map(([key, spec]) => [key, field(spec)])) },
    ]),
  ),
});

/** Encoder and decoder of a whole model file. */
export const modelType: protobuf.Type = root.lookupType("ModelProto");

/** The numbers of `AttributeProto.AttributeType`. */
export const AttributeType = { FLOAT: 1, INT: 2, STRING: 3, TENSOR: 4, FLOATS: 6, INTS: 7, STRINGS: 8 } as const;

/** The kinds of attributes that are refused, by their number, for messages. */
export const refusedAttributeTypes: Readonly<Record<number, string>> = {
  5: "a subgraph",
  9: "a list of tensors",
  10: "a list of subgraphs",
  11: "a sparse tensor",
  12: "a list of sparse tensors",
  13: "a type",
  14: "a list of types",
};

export const toBigInt = ({ low, high, unsigned }: Int64): bigint => {
  const bits = (BigInt(high) << 32n) | BigInt(low >>> 0);
  return unsigned ? BigInt.asUintN(64, bits) : BigInt.asIntN(64, bits);
};

export const fromBigInt = (value: bigint, unsigned = false): Int64 => ({
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
  unsigned,
});
