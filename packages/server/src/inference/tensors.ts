/** @file Runs tensors through a model: the implementation of `infer` in every protocol. */

import type { Cancellation } from "../cancellation.js";
import type { LoadedModel } from "../models/loaded-model.js";
import { wrongTensor } from "../tensors/errors.js";
import { matchInputs } from "../tensors/match.js";
import type { Tensor } from "../tensors/tensor.js";
import type { Inference } from "./inference.js";

/**
 * @returns the model's outputs
 * @throws {ServerError} if the tensors do not fit the model, or it cannot be run
 */
export async function inferTensors(
  inference: Inference,
  model: LoadedModel,
  inputs: readonly Tensor[],
  cancellation: Cancellation,
): Promise<readonly Tensor[]> {
  const input = matchInputs(model.description, inputs);
  if ("item" in input) return (await inference.run(model, input.item, input.count, cancellation)).outputs;
  const outcomes = await inference.images(model, input.images, cancellation);
  const failed = outcomes.find((outcome) => "error" in outcome);
  if (failed !== undefined) throw failed.error;
  const { output, classes } = model.description.classifier!;
  const data = new Float32Array(outcomes.length * classes);
  outcomes.forEach((outcome, i) => {
    if ("values" in outcome) data.set(outcome.values, i * classes);
  });
  return [{ name: output, datatype: "FP32", shape: [outcomes.length, classes], data }];
}

/** @throws {ServerError} if one of the names is no output of the model */
export function requireOutputs({ description }: LoadedModel, names: readonly string[]): void {
  const known = description.outputs.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw wrongTensor(`The model has no output "${unknown}".`, `Its outputs are ${known.join(", ")}.`);
}
