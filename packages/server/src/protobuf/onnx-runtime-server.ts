/** @file Messages of ONNX Runtime Server's `predict.proto`, and of ONNX tensors in it. */

import { ServerError } from "../errors.js";
import { dataToBytes, tensorOfBytes } from "../tensors/bytes.js";
import { wrongCount, wrongTensor } from "../tensors/errors.js";
import { tensorOfJson } from "../tensors/json.js";
import { type Datatype, elementCount, type Tensor } from "../tensors/tensor.js";
import { messages } from "./messages.js";

const message = messages(`
syntax = "proto3";
package onnxruntime.server;

message TensorProto {
  enum DataLocation { DEFAULT = 0; EXTERNAL = 1; }
  repeated int64 dims = 1;
  int32 data_type = 2;
  repeated float float_data = 4;
  repeated int32 int32_data = 5;
  repeated bytes string_data = 6;
  repeated int64 int64_data = 7;
  string name = 8;
  bytes raw_data = 9;
  repeated double double_data = 10;
  repeated uint64 uint64_data = 11;
  optional DataLocation data_location = 14;
}
message PredictRequest {
  reserved 1;
  map<string, TensorProto> inputs = 2;
  repeated string output_filter = 3;
}
message PredictResponse { map<string, TensorProto> outputs = 1; }
`);

export interface TensorProto {
  readonly dims: readonly (string | number)[];
  readonly dataType: number;
  readonly floatData?: readonly number[];
  readonly int32Data?: readonly number[];
  readonly stringData?: readonly Uint8Array[];
  readonly int64Data?: readonly string[];
  readonly rawData?: Uint8Array;
  readonly doubleData?: readonly number[];
  readonly uint64Data?: readonly string[];
  readonly dataLocation?: number;
}

export interface PredictRequest {
  readonly inputs: Readonly<Record<string, TensorProto>>;
  readonly outputFilter: readonly string[];
}

export interface PredictResponse {
  readonly outputs: Readonly<Record<string, TensorProto>>;
}

export const predictRequest = message<PredictRequest>("onnxruntime.server.PredictRequest");
export const predictResponse = message<PredictResponse>("onnxruntime.server.PredictResponse");

type Field = "floatData" | "int32Data" | "stringData" | "int64Data" | "doubleData" | "uint64Data";

/** ONNX's numbers of element types, and the field that has the values of each if `raw_data` does not. */
const types: Readonly<Record<number, readonly [Datatype, Field]>> = {
  1: ["FP32", "floatData"],
  2: ["UINT8", "int32Data"],
  3: ["INT8", "int32Data"],
  4: ["UINT16", "int32Data"],
  5: ["INT16", "int32Data"],
  6: ["INT32", "int32Data"],
  7: ["INT64", "int64Data"],
  8: ["BYTES", "stringData"],
  9: ["BOOL", "int32Data"],
  10: ["FP16", "int32Data"],
  11: ["FP64", "doubleData"],
  12: ["UINT32", "uint64Data"],
  13: ["UINT64", "uint64Data"],
  16: ["BF16", "int32Data"],
};

/** @throws {ServerError} if the tensor is malformed */
function tensorOfProto(name: string, proto: TensorProto): Tensor {
  const type = types[proto.dataType];
  if (type === undefined) throw wrongTensor(`The tensor "${name}" has the unknown element type ${proto.dataType}.`);
  if (proto.dataLocation)
    throw wrongTensor(`The tensor "${name}" keeps its values in another file.`, "Send its values in the request.");
  const [datatype, field] = type;
  const shape = shapeOf(name, proto.dims);
  if (proto.rawData !== undefined && proto.rawData.length > 0)
    return tensorOfBytes(name, datatype, shape, proto.rawData);
  const values = proto[field] ?? [];
  if (datatype === "BYTES") {
    if (values.length !== elementCount(shape)) throw wrongCount(name, shape, values.length);
    return { name, datatype, shape, data: values as readonly Uint8Array[] };
  }
  if (datatype === "FP16" || datatype === "BF16")
    throw wrongTensor(`The tensor "${name}" is ${datatype} without raw_data.`, "Send it as raw_data.");
  const numbers =
    datatype === "BOOL"
      ? (values as readonly number[]).map((value) => value !== 0)
      : datatype === "UINT32"
        ? (values as readonly string[]).map(Number)
        : values;
  return tensorOfJson(name, datatype, shape, numbers);
}

/** @throws {ServerError} if a dimension is not a valid size */
export function shapeOf(name: string, dims: readonly (string | number)[]): number[] {
  const shape = dims.map(Number);
  if (shape.length > 16 || shape.some((size) => !(Number.isInteger(size) && size >= 0 && size < 2 ** 31)))
    throw wrongTensor(
      `The tensor "${name}" has the shape [${dims.slice(0, 16)}].`,
      "Sizes are integers from 0 to 2³¹ − 1, 16 at most.",
    );
  return shape;
}

/** @param raw  whether the values go into `raw_data`, as in the client's request */
export function protoOfTensor(tensor: Tensor, raw: boolean): TensorProto {
  const { datatype, shape } = tensor;
  const [number, [, field]] = Object.entries(types).find(([, [each]]) => each === datatype)!;
  const base = { dims: shape.map(String), dataType: Number(number), dataLocation: 0 };
  if (tensor.datatype === "BYTES") return { ...base, stringData: tensor.data };
  if (raw || datatype === "FP16" || datatype === "BF16") return { ...base, rawData: dataToBytes(tensor) };
  const values = Array.from(tensor.data as Iterable<number | bigint>, (value) =>
    typeof value === "bigint" || field === "uint64Data" ? String(value) : value,
  );
  return { ...base, [field]: values };
}

/** The tensors of a request, and whether any of them has raw bytes; then the answer has raw bytes, too. */
export function readPredictRequest({ inputs }: PredictRequest): { readonly tensors: Tensor[]; readonly raw: boolean } {
  const entries = Object.entries(inputs ?? {});
  if (entries.length === 0)
    throw new ServerError("invalid-request", "The request has no inputs.", {
      action: "Send the model's inputs by name (GET /v2/models/NAME lists them).",
    });
  if (entries.length > 256) throw wrongTensor(`The request has ${entries.length} inputs.`);
  return {
    tensors: entries.map(([name, proto]) => tensorOfProto(name, proto)),
    raw: entries.some(([, { rawData }]) => rawData !== undefined && rawData.length > 0),
  };
}
