/** @file Opens the model that a task's options name. */

import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import { importNotes, type OpenedModel, type OpenModelOptions, openModel } from "../model-file/index.js";
import type { Run } from "./run.js";

/** The options that say what the weights of a file are put into. */
export interface NetworkOptions {
  readonly arch?: string;
  readonly classes?: number;
  readonly stem?: "imagenet" | "cifar";
  readonly size?: number;
  readonly channelOrder?: "rgb" | "bgr";
  /** Name of the output to take, where an ONNX file has several. */
  readonly output?: string;
}

/**
 * @param run is told what import changed or left out
 * @throws {UsageError} where an output is named for a file that has one only; as `openModel`
 */
export async function openTaskModel(path: string, options: NetworkOptions, run?: Run): Promise<OpenedModel> {
  const { arch, classes, stem, size, channelOrder, output } = options;
  const given = { architecture: arch, classes, stem, size, channelOrder, output };
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
