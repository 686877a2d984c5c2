/** @file ONNX Runtime Server's routes, and KServe's v1 protocol at the same addresses: a body with `instances` is KServe's. */

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { Cancellation } from "../cancellation.js";
import { isReady, type ServerContext } from "../context.js";
import { ServerError } from "../errors.js";
import { modelOf, predict } from "../inference/predict.js";
import { inferTensors } from "../inference/tensors.js";
import type { LoadedModel } from "../models/loaded-model.js";
import { predictRequest, predictResponse } from "../protobuf/onnx-runtime-server.js";
import { wrongTensor } from "../tensors/errors.js";
import { dataToJson, tensorOfJson } from "../tensors/json.js";
import type { Tensor } from "../tensors/tensor.js";
import { acceptAnyBody } from "./any-body.js";
import { parseObject } from "./parse-object.js";

const PROTOBUF = ["application/octet-stream", "application/x-protobuf", "application/vnd.google.protobuf"];
const JSON_TYPE = "application/json";
/** `NAME[/versions/VERSION]:predict` */
const action = /^([^/:]+)(?:\/versions\/([^/:]+))?:(predict|classify|regress)$/;

export const onnxRuntimeServerRoutes: FastifyPluginAsync<{ context: ServerContext }> = async (app, { context }) => {
  acceptAnyBody(app);
  app.addHook("onRequest", async (request, reply) => {
    if (request.method === "POST") context.scheduler.checkRoom();
    reply.header("x-ms-request-id", request.id);
    const given = request.headers["x-ms-client-request-id"];
    if (typeof given === "string" && given.length <= 128) reply.header("x-ms-client-request-id", given);
  });

  const answer = async (request: FastifyRequest, reply: FastifyReply, model: LoadedModel) => {
    const type = contentType(request);
    const accepted = acceptedType(request);
    const body = (request.body ?? Buffer.alloc(0)) as Buffer;
    if (type === JSON_TYPE) {
      const object = parseObject(body);
      if ("instances" in object) return reply.send(await predictions(context, model, object, request.cancellation));
      const message = predictRequest.fromJson(object);
      return respond(reply, accepted, await predict(context, model, message, request.cancellation));
    }
    return respond(reply, accepted, await predict(context, model, predictRequest.decode(body), request.cancellation));
  };

  app.post("/score", (request, reply) => answer(request, reply, modelOf(context, "default", undefined)));
  app.post<{ Params: { readonly "*": string } }>("/v1/models/*", async (request, reply) => {
    const [, name, version, verb] = action.exec(request.params["*"]) ?? [];
    if (name === undefined || verb !== "predict")
      throw new ServerError("unknown-route", `There is no POST ${request.url.slice(0, 200)}.`, {
        action: "Use /v1/models/NAME:predict or /v1/models/NAME/versions/VERSION:predict.",
      });
    return answer(request, reply, modelOf(context, name, version));
  });
  app.get("/v1/models", async () => ({ models: [...new Set(context.repository.loaded().map(({ name }) => name))] }));
  app.get<{ Params: { readonly name: string } }>("/v1/models/:name", async ({ params }) => {
    const { name } = context.repository.get(params.name);
    return { name, ready: isReady(context) };
  });
};

const mediaType = (header: string): string => header.split(";")[0]!.trim().toLowerCase();

/** The content type, which is mandatory as in ONNX Runtime Server. */
function contentType({ headers }: FastifyRequest): string {
  const type = mediaType(headers["content-type"] ?? "");
  if (type === JSON_TYPE || PROTOBUF.includes(type)) return type;
  throw new ServerError(
    "invalid-request",
    `The header Content-Type is ${type ? `"${type.slice(0, 80)}"` : "missing"}.`,
    {
      action: `Send ${[JSON_TYPE, ...PROTOBUF].join(", ")}.`,
    },
  );
}

/** The type of the answer; without a preference, protobuf as octet-stream. */
function acceptedType({ headers }: FastifyRequest): string {
  const wanted = (headers.accept ?? "*/*").split(",").map(mediaType);
  if (wanted.includes("*/*")) return PROTOBUF[0]!;
  const type = wanted.find((each) => each === JSON_TYPE || PROTOBUF.includes(each));
  if (type !== undefined) return type;
  throw new ServerError("invalid-request", `The header Accept is "${String(headers.accept).slice(0, 80)}".`, {
    action: `Accept ${[JSON_TYPE, ...PROTOBUF].join(", ")} or */*.`,
  });
}

function respond(reply: FastifyReply, type: string, response: Awaited<ReturnType<typeof predict>>): FastifyReply {
  reply.type(type);
  if (type === JSON_TYPE) return reply.send(JSON.stringify(predictResponse.toJson(response)));
  return reply.send(Buffer.from(predictResponse.encode(response)));
}

/** KServe v1: each instance is the values of one item, or an image file as `{"b64": …}`. */
async function predictions(
  { inference }: ServerContext,
  model: LoadedModel,
  { instances }: Readonly<Record<string, unknown>>,
  cancellation: Cancellation,
) {
  if (!Array.isArray(instances) || instances.length === 0)
    throw new ServerError("invalid-request", "The field instances must be a list with at least one item.", {
      action: 'Send {"instances": [item, …]}.',
    });
  const { inputs } = model.description;
  if (inputs.length !== 1) throw wrongTensor("The model has several inputs.", "Send tensors to /v2/models/NAME/infer.");
  const [spec] = inputs;
  const input = isImageFiles(instances)
    ? imageTensor(spec!.name, instances as readonly { readonly b64: string }[])
    : tensorOfJson(spec!.name, spec!.datatype, [instances.length, ...spec!.shape.slice(1)], instances);
  const outputs = await inferTensors(inference, model, [input], cancellation);
  const rows = outputs.map((output) => rowsOf(output, instances.length));
  const [only] = rows;
  return {
    predictions:
      outputs.length === 1
        ? only
        : instances.map((_, i) => Object.fromEntries(outputs.map(({ name }, o) => [name, rows[o]![i]]))),
  };
}

const isImageFiles = (instances: readonly unknown[]): boolean =>
  instances.every((each) => typeof (each as { b64?: unknown } | null)?.b64 === "string");

const imageTensor = (name: string, instances: readonly { readonly b64: string }[]): Tensor => ({
  name,
  datatype: "BYTES",
  shape: [instances.length],
  data: instances.map(({ b64 }) => Buffer.from(b64, "base64")),
});

function rowsOf(tensor: Tensor, count: number): unknown[][] {
  const values = dataToJson(tensor);
  const each = values.length / count;
  return Array.from({ length: count }, (_, i) => values.slice(i * each, (i + 1) * each));
}
