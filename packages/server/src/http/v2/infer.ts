/** @file `POST /v2/models/NAME[/versions/VERSION]/infer`. */

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { ServerContext } from "../../context.js";
import { ServerError } from "../../errors.js";
import { classesOf } from "../../inference/classes.js";
import type { ModelParams } from "../../inference/model-status.js";
import { inferTensors, requireOutputs } from "../../inference/tensors.js";
import type { LoadedModel } from "../../models/loaded-model.js";
import { dataToBytes } from "../../tensors/bytes.js";
import { wrongTensor } from "../../tensors/errors.js";
import { dataToJson } from "../../tensors/json.js";
import { elementCount, type Tensor } from "../../tensors/tensor.js";
import { type InferRequest, readInferRequest } from "./infer-request.js";

const HEADER_LENGTH = "inference-header-content-length";

export const inferRoutes: FastifyPluginAsync<{ context: ServerContext }> = async (app, { context }) => {
  const { repository, inference } = context;
  const infer = async (request: FastifyRequest<{ Params: ModelParams }>, reply: FastifyReply) => {
    const { name, version } = request.params;
    const model = repository.get(name, version);
    const headerLength = request.headers[HEADER_LENGTH] as string | undefined;
    if (request.body === undefined)
      throw new ServerError("invalid-request", "The request has no body.", { action: "Send an inference request." });
    const body = request.body as Buffer;
    // A length of 0: the body is the model's one input, batch 1, without JSON.
    const isRaw = headerLength !== undefined && Number(headerLength) === 0;
    const wanted = isRaw ? rawRequest(model, body) : readInferRequest(body, headerLength);
    requireOutputs(model, wanted.outputs?.map((output) => output.name) ?? []);
    const outputs = await inferTensors(inference, model, wanted.inputs, request.cancellation);
    return respond(reply, model, wanted, outputs);
  };
  const options = { onRequest: async () => context.scheduler.checkRoom() };
  app.post("/v2/models/:name/infer", options, infer);
  app.post("/v2/models/:name/versions/:version/infer", options, infer);
};

/** A request whose whole body is the only input: an image file or pixels for a classifier, else the values of one item. */
function rawRequest({ description }: LoadedModel, body: Buffer): InferRequest {
  const { inputs, classifier } = description;
  const [spec] = inputs;
  if (inputs.length !== 1)
    throw wrongTensor("The model has several inputs.", "Send a JSON object before the binary tensors.");
  const shape = spec!.shape.map((size) => (size === -1 ? 1 : size));
  const values = elementCount(shape);
  if (classifier !== undefined && body.length !== 4 * values)
    return { inputs: [{ name: spec!.name, datatype: "BYTES", shape: [1], data: [body] }], binaryOutput: true };
  if (spec!.datatype !== "FP32" || body.length !== 4 * values)
    throw wrongTensor(`The body has ${body.length} bytes where [${shape}] of ${spec!.datatype} was expected.`);
  return {
    inputs: [{ name: spec!.name, datatype: "FP32", shape, data: new Float32Array(new Uint8Array(body).buffer) }],
    binaryOutput: true,
  };
}

function respond(
  reply: FastifyReply,
  model: LoadedModel,
  request: InferRequest,
  outputs: readonly Tensor[],
): FastifyReply {
  const wanted =
    request.outputs ?? outputs.map(({ name }) => ({ name, binary: request.binaryOutput, classification: undefined }));
  const binary: Uint8Array[] = [];
  const described = wanted.map(({ name, binary: isBinary, classification }) => {
    const found = outputs.find((output) => output.name === name)!;
    const tensor = classification ? classesOf(found, classification, model) : found;
    const { datatype, shape } = tensor;
    if (!isBinary) return { name, datatype, shape, data: dataToJson(tensor) };
    const bytes = dataToBytes(tensor);
    binary.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  });
  const object = {
    model_name: model.name,
    model_version: model.version,
    ...(request.id === undefined ? {} : { id: request.id }),
    outputs: described,
  };
  if (binary.length === 0) return reply.send(object);
  const json = Buffer.from(JSON.stringify(object));
  return reply
    .type("application/octet-stream")
    .header(HEADER_LENGTH, String(json.length))
    .send(Buffer.concat([json, ...binary]));
}
