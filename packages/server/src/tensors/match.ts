/** @file Compares the tensors of a request with the inputs of the model. */

import type { Description, WorkItem } from "../compute/protocol.js";
import type { EncodedImage } from "../inference/images.js";
import { wrongTensor } from "./errors.js";
import type { Tensor, TensorSpec } from "./tensor.js";

/** Tensors for the model, or image files for its preprocessing. */
export type ModelInput =
  | { readonly item: WorkItem; readonly count: number }
  | { readonly images: readonly EncodedImage[] };

/**
 * Matches a request with the model. Besides the inputs in the metadata, classifiers accept images in their image input: files
 * as BYTES `[N]`; and integer models accept pixels at the network's size as UINT8 `[N, H, W, C]`.
 * @throws {ServerError} if they do not match
 */
export function matchInputs(description: Description, tensors: readonly Tensor[]): ModelInput {
  const { inputs, kind, classifier, batched } = description;
  for (const { name } of tensors)
    if (!inputs.some((spec) => spec.name === name))
      throw wrongTensor(`The model has no input "${name}".`, `Its inputs are ${inputs.map(specText).join(", ")}.`);
  const ordered = inputs.map((spec) => {
    const sent = tensors.filter(({ name }) => name === spec.name);
    if (sent.length !== 1)
      throw wrongTensor(
        `The input "${spec.name}" must be sent once, but was sent ${sent.length} times.`,
        `Send ${specText(spec)}.`,
      );
    return { spec, tensor: sent[0]! };
  });
  const [first] = ordered;
  if (first?.tensor.datatype === "BYTES" && classifier?.input === first.spec.name) return imagesOf(first.tensor);
  if (kind === "sbq") {
    const spec = first!.tensor.datatype === "UINT8" ? bytesSpec(first!.spec) : first!.spec;
    checkTensor(spec, first!.tensor);
    return { item: { tensors: [first!.tensor] }, count: first!.tensor.shape[0]! };
  }
  for (const { spec, tensor } of ordered) checkTensor(spec, tensor);
  const counts = new Set(ordered.map(({ tensor }) => tensor.shape[0]));
  if (batched && counts.size !== 1)
    throw wrongTensor(
      `The inputs have different first dimensions: ${[...counts].join(", ")}.`,
      "Make them equal: they are the number of items.",
    );
  return { item: { tensors: ordered.map(({ tensor }) => tensor) }, count: batched ? ordered[0]!.tensor.shape[0]! : 1 };
}

function imagesOf({ shape, data }: Extract<Tensor, { datatype: "BYTES" }>): ModelInput {
  const isList = shape.length === 1 || (shape.length === 2 && shape[1] === 1);
  if (!isList || data.length === 0)
    throw wrongTensor(`Image files make a BYTES tensor of shape [N], got [${shape}].`, "Send one element per image.");
  return { images: data.map((bytes, i) => ({ name: `Image ${i}`, bytes })) };
}

function checkTensor(spec: TensorSpec, { datatype, shape }: Tensor): void {
  const fits =
    datatype === spec.datatype &&
    shape.length === spec.shape.length &&
    shape.every((size, i) => size === spec.shape[i] || (spec.shape[i] === -1 && size >= 1));
  if (!fits)
    throw wrongTensor(`The input "${spec.name}" is ${datatype} [${shape}] where the model takes ${specText(spec)}.`);
}

/** The input `[N, C, H, W]` in the form of pixels, UINT8 `[N, H, W, C]`. */
function bytesSpec({ name, shape: [batch, channels, height, width] }: TensorSpec): TensorSpec {
  return { name, datatype: "UINT8", shape: [batch!, height!, width!, channels!] };
}

const specText = ({ name, datatype, shape }: TensorSpec): string => `"${name}": ${datatype} [${shape}]`;
