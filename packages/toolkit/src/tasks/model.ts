/** @file Opens the model that a task's options name. */

import { basename } from "node:path";
import { type Preprocessing, type Program, writeSbq } from "@subbyte/engine";
import { ModelError } from "@subbyte/graph";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import { lower } from "../lowering/lower.js";
import {
  type CalibratedModel,
  type FloatModel,
  importNotes,
  type OpenedModel,
  type OpenModelOptions,
  openModel,
  type QuantizedModel,
} from "../model-file/index.js";
import { type PreprocessingOptions, preprocessingOf } from "./preprocessing.js";
import type { Run } from "./run.js";

/** The options that choose the network for the weights of a file. */
export interface NetworkOptions {
  readonly arch?: string;
  readonly classes?: number;
  readonly stem?: "imagenet" | "cifar";
  readonly size?: number;
  readonly channelOrder?: "rgb" | "bgr";
  /** Name of the output to use, if an ONNX file has several. */
  readonly output?: string;
  /** Called after each pass that simplifies an ONNX file. */
  readonly onPass?: OpenModelOptions["onPass"];
}

/**
 * @param run gets notes on what the import changed or left out
 * @throws {UsageError} if an output is named for a file with only one; otherwise the errors of `openModel`
 */
export async function openTaskModel(path: string, options: NetworkOptions, run?: Run): Promise<OpenedModel> {
  const { arch, classes, stem, size, channelOrder, output, onPass } = options;
  const given = { architecture: arch, classes, stem, size, channelOrder, output, onPass };
  const model = await openModel(path, defined(given) as OpenModelOptions);
  if (output !== undefined && (model.kind === "quantized" || model.input === undefined))
    throw new UsageError(
      "option-mismatch",
      { option: "output", value: output, found: "one output", file: path },
      `\`output\` ${output}: only an ONNX file has outputs to choose from; leave the option out (\`out\` names the file to write).`,
    );
  for (const note of importNotes(model)) run?.note(note);
  return model;
}

/**
 * Opens a quantized ONNX file as an integer network, and other files as they are.
 * @throws {ModelError} if the file leaves a value in float, or the engine cannot run a layer as the file quantizes it
 */
export function asIntegers(model: OpenedModel, options: PreprocessingOptions): FloatModel | QuantizedModel {
  if (model.kind !== "calibrated") return model;
  const { name, path, sha256 } = model;
  const program = integerProgram(model, preprocessingOf(model, options));
  return { kind: "quantized", name, path, sha256, bytes: writeSbq(program), program };
}

/** @throws the errors of `asIntegers` */
export function integerProgram(model: CalibratedModel, preprocessing: Preprocessing): Program {
  const { path, sha256, graph, probabilities } = model;
  try {
    return lower(graph, { preprocessing, probabilities, provenance: { source: basename(path), sourceHash: sha256 } });
  } catch (error) {
    throw error instanceof ModelError ? withAdvice(error, path) : error;
  }
}

const advice = "The float network that the file was made from can be quantized anew with the task `quantize`.";

function withAdvice(error: ModelError, path: string): ModelError {
  const { operator, node, tensors } = error.data;
  const fault =
    error.code === "missing-fake-quant"
      ? `${operator} "${node}" reads "${tensors}", which the file leaves in float; the engine computes on integers alone. ` +
        "Quantize this value, too, when the file is made."
      : `${error.message}.`;
  return error.restated(`${fault} ${advice}`).inFile(path);
}
