/** @file Metadata and readiness of a model, as the Open Inference Protocol gives them over HTTP and gRPC. */

import { isReady, type ServerContext } from "../context.js";
import { ServerError } from "../errors.js";

/** A model in a request; the highest version if none is given. */
export interface ModelParams {
  readonly name: string;
  readonly version?: string;
}

/**
 * The protocol's metadata of a model.
 *
 * @throws {ServerError} if there is no such model
 */
export function metadata({ repository }: ServerContext, { name, version }: ModelParams) {
  const model = repository.get(name, version);
  const { kind, inputs, outputs } = model.description;
  return {
    name: model.name,
    versions: repository.versionsOf(model.name).map((each) => each.version),
    platform: kind === "sbq" ? "sbq_sbqv1" : "onnx_onnxv1",
    inputs,
    outputs,
  };
}

/**
 * Whether a model is ready; a model that is not loaded is not.
 *
 * @throws {ServerError} if there is no such model
 */
export function isModelReady(context: ServerContext, { name, version }: ModelParams): boolean {
  try {
    context.repository.get(name, version);
    return isReady(context);
  } catch (error) {
    if (error instanceof ServerError && error.code === "model-not-ready") return false;
    throw error;
  }
}
