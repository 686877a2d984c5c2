/** @file What a model holds, as tables. */

import type { CompareResult, FloatInspection, IntegerInspection, PassExplanation } from "@subbyte/toolkit/tasks";
import { byteSize, millions, percent, table } from "./output.js";

export function floatText({
  path,
  bytes,
  shape,
  classes,
  parameters,
  multiplyAdds,
  operators,
}: FloatInspection): string {
  const rows = operators.map((operator) => [
    operator.name,
    operator.op,
    operator.shape.join("×"),
    operator.parameters === 0 ? "" : operator.parameters.toLocaleString("en"),
    millions(operator.multiplyAdds),
  ]);
  return [
    table(["layer", "operator", "output", "parameters", "M mult-adds"], rows),
    "",
    `${path}: ${byteSize(bytes)}, ${shape.join("×")} values in, ${classes} classes`,
    `${parameters.toLocaleString("en")} parameters, ${(multiplyAdds / 1e6).toFixed(2)} million multiply-adds per image`,
  ].join("\n");
}

export function integerText(inspection: IntegerInspection): string {
  const { path, bytes, classes, labels, preprocessing, provenance, operators } = inspection;
  const rows = operators.map(({ name, op, shape, weights, input, output, multiplyAdds }) => [
    name,
    op,
    shape.join("×"),
    weights ?? "",
    input.join(", "),
    output ?? "float",
    millions(multiplyAdds),
  ]);
  return [
    "Bit widths of weights (W), inputs and output:",
    "",
    table(["layer", "operator", "shape", "W", "in", "out", "M mult-adds"], rows),
    "",
    `${path}: ${byteSize(bytes)}, ${classes} classes${labels === undefined ? "" : `: ${sample(labels)}`}`,
    asLines({ ...preprocessing, ...provenance }),
  ].join("\n");
}

const sample = (labels: readonly string[]): string =>
  labels.length <= 10 ? labels.join(", ") : `${labels.slice(0, 9).join(", ")} … ${labels.at(-1)}`;

/** One `key: value` a line. */
const asLines = (entries: Readonly<Record<string, unknown>>): string =>
  Object.entries(entries)
    .map(([key, value]) => `  ${key}: ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join("\n");

/** The work of one pass: its matches, then the nodes that it removed (−) and added (+). */
export function explanationText({ path, pass, matches, removed, added }: PassExplanation & { path: string }): string {
  const applied = matches.filter(({ reason }) => reason === undefined).length;
  const counts =
    matches.length === 0
      ? `${removed.length} nodes before, ${added.length} after`
      : `applied to ${applied} of ${matches.length} matches`;
  return [
    `${pass} on ${path}: ${removed.length === 0 && applied === 0 ? "nothing changed" : counts}`,
    ...matches.map(({ rule, op, node, reason }) => `  ${rule}: ${op} "${node}" ${reason ?? "changed"}`),
    ...removed.map((line) => `- ${line}`),
    ...added.map((line) => `+ ${line}`),
  ].join("\n");
}

export function comparisonText({ path, float, images, summary, layers }: CompareResult): string {
  const measured = layers.some(({ aloneQuantized }) => aloneQuantized !== undefined);
  const header = ["layer", "W", "A", "alone dB", "cumulative dB"];
  const rows = layers.map((layer) => [
    layer.layer,
    layer.weightBits,
    layer.inputBits,
    layer.aloneDb.toFixed(1),
    layer.cumulativeDb.toFixed(1),
    ...(measured ? [percent(layer.aloneQuantized?.agreement ?? 0), percent(layer.keptFloat?.agreement ?? 0)] : []),
    layer.cause,
  ]);
  return [
    table([...header, ...(measured ? ["alone quantized", "kept float"] : []), "cause"], rows),
    "",
    `${path} against ${float} on ${images} images: ${summary}`,
  ].join("\n");
}
