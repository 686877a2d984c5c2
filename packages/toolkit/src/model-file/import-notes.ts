/** @file Sentences about what the import changed or left out to bring a classifier into the usual form. */

import type { InputChange } from "@subbyte/graph";
import type { OpenedModel } from "./open-model.js";

/** Sentences for the user; none if the import changed nothing. */
export function importNotes(model: OpenedModel): readonly string[] {
  if (model.kind === "quantized") return [];
  const { path, input, notes, probabilities, shape } = model;
  const [channels, height, width] = shape;
  const words: Readonly<Record<InputChange, string>> = {
    "unread-inputs": "inputs that nothing reads are left out",
    bytes: "its input of bytes is now float32",
    flat: `its flat input is now an image of ${channels}×${height}×${width}`,
    "channels-last": "its input now has the channels first, [N, C, H, W]",
    size: `its open height and width are now ${height}×${width}`,
  };
  const changes = [
    ...(input?.changes ?? []).map((change) => words[change]),
    ...(input?.normalization ? ["the normalization in its first layers is now done when images are read"] : []),
  ];
  return [
    ...(changes.length === 0 ? [] : [`${path} was brought to the usual form: ${changes.join("; ")}`]),
    ...notes.map((note) => `${path}: ${note}`),
    ...(probabilities === "sigmoid"
      ? [
          `${path} ends in a Sigmoid: it decides each class by itself, so that several may be right for an image, or none`,
        ]
      : []),
  ];
}
