import { basename } from "node:path";
import { distinct, kilobytes, percent, points, table } from "./format.mjs";

const isEvaluation = ({ result }) => result.top1 !== undefined;

/**
 * Model files and their quantized networks, from records of `evaluate` for the float network and each `.sbq`, and of each
 * `quantize`.
 */
export function quantizedFilesTable(records) {
  const evaluations = records.filter(isEvaluation);
  const made = records.filter((record) => !isEvaluation(record));
  const outputs = new Set(made.map(({ result }) => result.out));
  const floats = evaluations.filter(({ result }) => !outputs.has(result.model)).map(({ result }) => result);
  const rows = floats.flatMap((float) => {
    const { model } = float;
    const name = basename(model, ".onnx");
    const own = made.filter(({ result }) => result.model === model);
    return [
      [name, "float", "", percent(float.top1), "", "", kilobytes(float.fileBytes)],
      ...own.map(({ result: { out, weights, activations, method, bytes }, cpuSeconds }) => {
        const { top1 } = evaluationOf(evaluations, out);
        const seconds = cpuSeconds === undefined ? "" : cpuSeconds.toFixed(0);
        return [
          name,
          `W${weights}A${activations}`,
          method,
          percent(top1),
          points(top1 - float.top1),
          seconds,
          kilobytes(bytes),
        ];
      }),
    ];
  });
  const images = distinct(evaluations.map(({ result }) => result.images.toLocaleString("en"))).join(" or ");
  return [
    table(["network", "bits", "method", "accuracy", "points", "CPU seconds", "file"], rows),
    `Accuracies are those on ${images} test images, of quantized networks on the integer engine. CPU seconds are those of the whole command.`,
  ].join("\n\n");
}

function evaluationOf(evaluations, model) {
  const found = evaluations.find(({ result }) => result.model === model);
  if (!found) throw new Error(`no record of evaluate has the model ${model}`);
  return found.result;
}
