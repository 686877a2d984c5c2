/** @file `subbyte classify`: the likeliest classes of photographs. */

import type { ClassifyResult } from "@subbyte/toolkit/tasks";
import { defineCommand } from "../command.js";
import { percent, table } from "../output.js";

export const classify = defineCommand("classify", {
  examples: [
    "classify model.sbq photo.jpg",
    "classify model.sbq photos/ --top 1 --json",
    "classify mobilenet.onnx cat.jpg dog.png --labels-map imagenet_class_index.json --mean 0.5,0.5,0.5 --std 0.5,0.5,0.5",
  ],
  run: async (input, { context, deliver }) => {
    const { classifyImages } = await import("@subbyte/toolkit/tasks");
    const result = await classifyImages(input, context);
    await deliver(result, asText(result));
  },
});

/** A table with one row per class; only the first row of an image has the name of its file. */
function asText({ images, probabilities }: ClassifyResult): string {
  const rows = images.flatMap(({ file, predictions }) =>
    predictions.map(({ index, label, probability }, i) => [
      i === 0 ? file : "",
      label ?? `class ${index}`,
      percent(probability),
    ]),
  );
  const note =
    probabilities === "sigmoid"
      ? ["", "The network decides on each class separately: classes above 50 % are present."]
      : [];
  return [table(["image", "class", "probability"], rows), ...note].join("\n");
}
