/** @file The Open Inference Protocol's gRPC messages; field numbers are those of its `open_inference_grpc.proto`. */

import { messages } from "./messages.js";

const message = messages(`
syntax = "proto3";
package inference;

message Empty {}
message ServerLiveResponse { bool live = 1; }
message ServerReadyResponse { bool ready = 1; }
message ModelReadyResponse { bool ready = 1; }
message ModelRequest { string name = 1; string version = 2; }
message ServerMetadataResponse { string name = 1; string version = 2; repeated string extensions = 3; }

message TensorMetadata { string name = 1; string datatype = 2; repeated int64 shape = 3; }
message ModelMetadataResponse {
  string name = 1;
  repeated string versions = 2;
  string platform = 3;
  repeated TensorMetadata inputs = 4;
  repeated TensorMetadata outputs = 5;
}

message InferParameter {
  oneof parameter_choice {
    bool bool_param = 1;
    int64 int64_param = 2;
    string string_param = 3;
    double double_param = 4;
    uint64 uint64_param = 5;
  }
}
message InferTensorContents {
  repeated bool bool_contents = 1;
  repeated int32 int_contents = 2;
  repeated int64 int64_contents = 3;
  repeated uint32 uint_contents = 4;
  repeated uint64 uint64_contents = 5;
  repeated float fp32_contents = 6;
  repeated double fp64_contents = 7;
  repeated bytes bytes_contents = 8;
}
message InferTensor {
  string name = 1;
  string datatype = 2;
  repeated int64 shape = 3;
  map<string, InferParameter> parameters = 4;
  InferTensorContents contents = 5;
}
message InferRequestedOutput { string name = 1; map<string, InferParameter> parameters = 2; }
message ModelInferRequest {
  string model_name = 1;
  string model_version = 2;
  string id = 3;
  map<string, InferParameter> parameters = 4;
  repeated InferTensor inputs = 5;
  repeated InferRequestedOutput outputs = 6;
  repeated bytes raw_input_contents = 7;
}
message ModelInferResponse {
  string model_name = 1;
  string model_version = 2;
  string id = 3;
  map<string, InferParameter> parameters = 4;
  repeated InferTensor outputs = 5;
  repeated bytes raw_output_contents = 6;
}
`);

export interface ModelRequest {
  readonly name: string;
  readonly version: string;
}

/** The values of a tensor; only the list of its type is filled. */
export interface InferTensorContents {
  readonly boolContents?: readonly boolean[];
  readonly intContents?: readonly number[];
  readonly int64Contents?: readonly string[];
  readonly uintContents?: readonly number[];
  readonly uint64Contents?: readonly string[];
  readonly fp32Contents?: readonly number[];
  readonly fp64Contents?: readonly number[];
  readonly bytesContents?: readonly Uint8Array[];
}

export interface InferTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly (string | number)[];
  readonly contents?: InferTensorContents | null;
}

/** A parameter; only one of the fields is set. */
interface InferParameter {
  readonly boolParam?: boolean;
  readonly int64Param?: string;
  readonly stringParam?: string;
  readonly doubleParam?: number;
  readonly uint64Param?: string;
}

export interface InferRequestedOutput {
  readonly name: string;
  readonly parameters: Readonly<Record<string, InferParameter>>;
}

export interface ModelInferRequest {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly inputs: readonly InferTensor[];
  readonly outputs: readonly InferRequestedOutput[];
  readonly rawInputContents: readonly Uint8Array[];
}

export interface ModelInferResponse {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly outputs: readonly InferTensor[];
  readonly rawOutputContents: readonly Uint8Array[];
}

export interface ModelMetadataResponse {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly InferTensor[];
  readonly outputs: readonly InferTensor[];
}

export const codecs = {
  empty: message<object>("inference.Empty"),
  serverLive: message<{ readonly live: boolean }>("inference.ServerLiveResponse"),
  ready: message<{ readonly ready: boolean }>("inference.ServerReadyResponse"),
  modelRequest: message<ModelRequest>("inference.ModelRequest"),
  serverMetadata: message<{ readonly name: string; readonly version: string; readonly extensions: readonly string[] }>(
    "inference.ServerMetadataResponse",
  ),
  modelMetadata: message<ModelMetadataResponse>("inference.ModelMetadataResponse"),
  inferRequest: message<ModelInferRequest>("inference.ModelInferRequest"),
  inferResponse: message<ModelInferResponse>("inference.ModelInferResponse"),
};
