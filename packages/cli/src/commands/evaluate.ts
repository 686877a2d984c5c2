/** @file `subbyte evaluate`: accuracy of a model on a data set. */

import type { EvaluateResult } from "@subbyte/toolkit/tasks";
import { defineCommand } from "../command.js";
import { percent, table } from "../output.js";

export const evaluate = defineCommand("evaluate", {
  examples: [
    "evaluate model.onnx --data cifar10.tgz --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225",
    "evaluate resnet20.th --arch resnet20 --data cifar10.tgz --json",
    "evaluate model.sbq --data photos/ --threads 2",
    "evaluate model.sbq --data photos/ --simulate codes --predictions simulated.json",
  ],
  run: async (input, { context, deliver }) => {
    const { evaluateModel } = await import("@subbyte/toolkit/tasks");
    const result = await evaluateModel(input, context);
    await deliver(result, asText(result));
  },
});

/** Classes whose confusion matrix fits on a screen. */
const SHOWN_CLASSES = 20;

function asText(result: EvaluateResult): string {
  const { images, split, data, top1, top5, topK, loss, imagesPerSecond, classes, confusion, others, exact } = result;
  const lines = [
    `${images} ${split} images of ${data}`,
    [
      `top-1 ${percent(top1)}`,
      `top-${topK} ${percent(top5)}`,
      ...(exact === undefined ? [] : [`label alone ${percent(exact)}`]),
      `loss ${loss.toFixed(4)}`,
      `${imagesPerSecond.toFixed(0)} images/s`,
    ].join("   "),
  ];
  if (classes.length <= SHOWN_CLASSES) {
    const header = ["label \\ predicted", ...classes.map((_, i) => String(i)), ...(others ? ["other"] : []), "right"];
    const rows = confusion.map((row, i) => {
      const cells = others ? [...row, others[i]!] : row;
      const total = cells.reduce((sum, n) => sum + n, 0);
      return [`${i} ${classes[i]}`, ...cells, total === 0 ? "–" : percent(row[i]! / total)];
    });
    lines.push("", table(header, rows));
  }
  return lines.join("\n");
}
