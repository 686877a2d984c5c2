/**
 * @file The JSON bodies of the Open Inference Protocol, restated from the fields, types and required sets of its published
 * `open_inference_rest.yaml`; and those of Triton's extensions from their texts.
 */

const string = { type: "string" } as const;
const number = { type: "number" } as const;
const tensorData = {
  $id: "tensor_data",
  type: "array",
  items: { anyOf: [{ $ref: "tensor_data" }, number, string, { type: "boolean" }] },
};
const shape = { type: "array", items: { type: "integer" } } as const;
const listOf = (items: object) => ({ type: "array", items });
const object = (properties: object, required: readonly string[]) => ({ type: "object", properties, required });

const parameters = { type: "object" } as const;

const metadataTensor = object({ name: string, datatype: string, shape }, ["name", "datatype", "shape"]);
const responseOutput = object({ name: string, shape, datatype: string, parameters, data: { $ref: "tensor_data" } }, [
  "name",
  "shape",
  "datatype",
  "data",
]);
const requestInput = {
  ...object({ name: string, shape, datatype: string, parameters, data: { $ref: "tensor_data" } }, [
    "name",
    "shape",
    "datatype",
  ]),
  // The protocol requires `data`; the binary tensor extension puts a size in its place.
  oneOf: [
    { required: ["data"] },
    {
      required: ["parameters"],
      properties: { parameters: object({ binary_data_size: { type: "integer" } }, ["binary_data_size"]) },
    },
  ],
};
const requestOutput = object({ name: string, parameters }, ["name"]);
const duration = object({ count: { type: "integer" }, ns: { type: "integer" } }, ["count", "ns"]);
const durations = (names: readonly string[]) =>
  object(Object.fromEntries(names.map((name) => [name, duration])), names);

export const definitions = [tensorData];

export const schemas = {
  serverMetadata: object({ name: string, version: string, extensions: listOf(string) }, [
    "name",
    "version",
    "extensions",
  ]),
  modelMetadata: object(
    {
      name: string,
      versions: listOf(string),
      platform: string,
      inputs: listOf(metadataTensor),
      outputs: listOf(metadataTensor),
      properties: { type: "object", additionalProperties: string },
    },
    ["name", "platform"],
  ),
  inferRequest: object({ id: string, parameters, inputs: listOf(requestInput), outputs: listOf(requestOutput) }, [
    "inputs",
  ]),
  inferResponse: object(
    {
      model_name: string,
      model_version: string,
      id: string,
      parameters,
      outputs: listOf(responseOutput),
    },
    ["model_name", "outputs"],
  ),
  error: object({ error: string }, ["error"]),
  repositoryIndex: listOf(
    object({ name: string, version: string, state: string, reason: string }, ["name", "state", "reason"]),
  ),
  statistics: object(
    {
      model_stats: listOf(
        object(
          {
            name: string,
            version: string,
            last_inference: number,
            inference_count: number,
            execution_count: number,
            inference_stats: durations([
              "success",
              "fail",
              "queue",
              "compute_input",
              "compute_infer",
              "compute_output",
              "cache_hit",
            ]),
            batch_stats: listOf(
              object(
                { batch_size: number, compute_input: duration, compute_infer: duration, compute_output: duration },
                ["batch_size", "compute_input", "compute_infer", "compute_output"],
              ),
            ),
          },
          ["name", "last_inference", "inference_count", "execution_count", "inference_stats", "batch_stats"],
        ),
      ),
    },
    ["model_stats"],
  ),
} as const;
