/** @file The OpenAPI description of each route: its bodies. Fastify adds the paths. */

import { FORMATS } from "@subbyte/toolkit/decode";
import { inferRequestSchema } from "./v2/infer-request.js";

type Schema = Readonly<Record<string, unknown>>;

interface Operation {
  readonly tag:
    | "Classify"
    | "Open Inference Protocol"
    | "Repository"
    | "ONNX Runtime Server, KServe v1"
    | "Models"
    | "Operations";
  readonly summary: string;
  /** The schema of the body for each content type. */
  readonly body?: Readonly<Record<string, Schema>>;
  readonly answer?: Readonly<Record<string, Schema>>;
}

const string = { type: "string" };
const number = { type: "number" };
const integer = { type: "integer" };
const boolean = { type: "boolean" };
const free = { type: "object" };
const binary = { type: "string", format: "binary" };
const listOf = (items: Schema): Schema => ({ type: "array", items });
const object = (
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = Object.keys(properties),
): Schema => ({
  type: "object",
  properties,
  ...(required.length === 0 ? {} : { required }),
});
const json = (schema: Schema) => ({ "application/json": schema });

const error = object({ error: string, code: string, message: string, action: string });
const rankedClass = object({ index: integer, label: string, confidence: number });
const classified = object(
  {
    file: string,
    model: string,
    version: string,
    label: { ...string, nullable: true },
    index: integer,
    confidence: { ...number, nullable: true, description: "in [0, 1]" },
    inference_time: { ...integer, nullable: true, description: "milliseconds from the request to this image's answer" },
    queue_time: { ...number, description: "milliseconds of waiting" },
    decode_time: { ...number, description: "milliseconds of decoding" },
    compute_time: { ...number, description: "milliseconds of preprocessing and network" },
    top_k: listOf(rankedClass),
    logits: listOf(number),
    error,
  },
  ["file", "model", "version", "label", "confidence", "inference_time"],
);
const form = object(
  {
    images: { ...listOf(binary), description: `${FORMATS} files` },
    model: {
      ...string,
      description: "a model's name or, with model_type, the start of one; by default, the default model",
    },
    version: string,
    model_type: { ...string, enum: ["32", "8", "7", "6", "5", "4", "3", "2"], description: "bit width; 32 is float" },
    top_k: { ...integer, minimum: 1, maximum: 1000, default: 5 },
    logits: { ...string, enum: ["true", "false"], default: "false" },
  },
  ["images"],
);
const tensorSpec = object({ name: string, datatype: string, shape: listOf(integer) });
const tensor = object({ name: string, datatype: string, shape: listOf(integer), parameters: free, data: listOf({}) }, [
  "name",
  "datatype",
  "shape",
]);
const inferResponse = object({ model_name: string, model_version: string, id: string, outputs: listOf(tensor) }, [
  "model_name",
  "model_version",
  "outputs",
]);
const modelMetadata = object({
  name: string,
  versions: listOf(string),
  platform: string,
  inputs: listOf(tensorSpec),
  outputs: listOf(tensorSpec),
});
const statistics = object({ model_stats: listOf(free) });
const predictRequest = object({ inputs: free, outputFilter: listOf(string), instances: listOf({}) }, []);
const protobuf = { "application/x-protobuf": binary };

const metadata: Operation = {
  tag: "Open Inference Protocol",
  summary: "Metadata of a model",
  answer: json(modelMetadata),
};
const modelReady: Operation = {
  tag: "Open Inference Protocol",
  summary: "Whether a model is loaded and warm",
  answer: json(object({ name: string, ready: boolean })),
};
const modelStatistics: Operation = {
  tag: "Open Inference Protocol",
  summary: "Counts and durations of a model",
  answer: json(statistics),
};
const infer: Operation = {
  tag: "Open Inference Protocol",
  summary:
    "Runs a model on tensors; binary tensors follow the JSON, whose length is in Inference-Header-Content-Length",
  body: { ...json(inferRequestSchema), "application/octet-stream": binary },
  answer: { ...json(inferResponse), "application/octet-stream": binary },
};
const predict: Operation = {
  tag: "ONNX Runtime Server, KServe v1",
  summary: "Runs a model: PredictRequest, or instances",
  body: { ...json(predictRequest), ...protobuf },
  answer: { ...json(free), ...protobuf },
};

/** The operations by method and address, in the form of OpenAPI. */
const operations: Readonly<Record<string, Operation>> = {
  "post /classify": {
    tag: "Classify",
    summary: "Classes of image files",
    body: { "multipart/form-data": form },
    answer: json(listOf(classified)),
  },
  "get /v2": {
    tag: "Open Inference Protocol",
    summary: "Metadata of the server",
    answer: json(object({ name: string, version: string, extensions: listOf(string) })),
  },
  "get /v2/health/live": {
    tag: "Open Inference Protocol",
    summary: "Whether the server runs",
    answer: json(object({ live: boolean })),
  },
  "get /v2/health/ready": {
    tag: "Open Inference Protocol",
    summary: "Whether models are loaded and warm",
    answer: json(object({ live: boolean, ready: boolean })),
  },
  "get /v2/models/stats": {
    tag: "Open Inference Protocol",
    summary: "Counts and durations of all models",
    answer: json(statistics),
  },
  "get /v2/models/{name}": metadata,
  "get /v2/models/{name}/versions/{version}": metadata,
  "get /v2/models/{name}/ready": modelReady,
  "get /v2/models/{name}/versions/{version}/ready": modelReady,
  "get /v2/models/{name}/stats": modelStatistics,
  "get /v2/models/{name}/versions/{version}/stats": modelStatistics,
  "post /v2/models/{name}/infer": infer,
  "post /v2/models/{name}/versions/{version}/infer": infer,
  "post /v2/repository/index": {
    tag: "Repository",
    summary: "All models of the folder, and why some are not ready",
    body: json(object({ ready: boolean }, [])),
    answer: json(listOf(object({ name: string, version: string, state: string, reason: string }))),
  },
  "post /v2/repository/models/{name}/load": {
    tag: "Repository",
    summary: "Loads a model, or tries its file again",
    answer: json(free),
  },
  "post /v2/repository/models/{name}/unload": {
    tag: "Repository",
    summary: "Unloads a model after the requests that it has",
    answer: json(free),
  },
  "post /score": predict,
  "post /v1/models/{*}": { ...predict, summary: "NAME:predict or NAME/versions/VERSION:predict" },
  "get /v1/models": {
    tag: "ONNX Runtime Server, KServe v1",
    summary: "Names of the models",
    answer: json(object({ models: listOf(string) })),
  },
  "get /v1/models/{name}": {
    tag: "ONNX Runtime Server, KServe v1",
    summary: "Whether a model is ready",
    answer: json(object({ name: string, ready: boolean })),
  },
  "get /api/models": {
    tag: "Models",
    summary: "Everything about the models that the page shows",
    answer: json(object({ models: listOf(free), problems: listOf(free) })),
  },
  "get /models/{file}": { tag: "Models", summary: "A model's file", answer: { "application/octet-stream": binary } },
  "get /models/samples/{file}": { tag: "Models", summary: "A sample image", answer: { "image/*": binary } },
};

/** Completes the operations of a document with the descriptions in the table. */
export function withBodies(document: { readonly paths?: unknown }): void {
  for (const [path, methods] of Object.entries((document.paths ?? {}) as Record<string, Record<string, Schema>>))
    for (const [method, found] of Object.entries(methods)) {
      const known = operations[`${method} ${path}`];
      if (known === undefined) continue;
      const { tag, summary, body, answer } = known;
      const content = (schemas: Readonly<Record<string, Schema>>) =>
        Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [type, { schema }]));
      methods[method] = {
        ...found,
        tags: [tag],
        summary,
        ...(body === undefined ? {} : { requestBody: { content: content(body) } }),
        responses: {
          200: { description: "OK", ...(answer === undefined ? {} : { content: content(answer) }) },
          "4XX": { description: "The request is wrong or too large", content: content(json(error)) },
          503: { description: "Loading, draining, or the model could not be run", content: content(json(error)) },
        },
      };
    }
}
