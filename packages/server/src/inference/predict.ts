/** @file ONNX Runtime Server's Predict, over HTTP and gRPC. */

import type { Cancellation } from "../cancellation.js";
import type { ServerContext } from "../context.js";
import type { LoadedModel } from "../models/loaded-model.js";
import {
  type PredictRequest,
  type PredictResponse,
  protoOfTensor,
  readPredictRequest,
} from "../protobuf/onnx-runtime-server.js";
import { inferTensors, requireOutputs } from "./tensors.js";

/** @throws {ServerError} if the request or the model is wrong */
export async function predict(
  { inference }: ServerContext,
  model: LoadedModel,
  request: PredictRequest,
  cancellation: Cancellation,
): Promise<PredictResponse> {
  const { tensors, raw } = readPredictRequest(request);
  requireOutputs(model, request.outputFilter);
  const outputs = await inferTensors(inference, model, tensors, cancellation);
  const wanted =
    request.outputFilter.length === 0 ? outputs : outputs.filter(({ name }) => request.outputFilter.includes(name));
  return { outputs: Object.fromEntries(wanted.map((tensor) => [tensor.name, protoOfTensor(tensor, raw)])) };
}

/**
 * The model of a request. `default` with version 1 is the name of ONNX Runtime Server's only model, so it is accepted for the
 * default model, whatever its version is.
 */
export function modelOf({ repository }: ServerContext, name: string, version: string | undefined): LoadedModel {
  const isAlias = name === "default" && version === "1" && repository.versionsOf(name).length === 0;
  return repository.get(name, isAlias ? undefined : version);
}
