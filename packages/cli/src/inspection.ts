/** @file The contents of a model, as tables. */

import type { CompareResult, FloatInspection, IntegerInspection, PassExplanation } from "@subbyte/toolkit/tasks";
import { byteSize, millions, percent, table } from "./output.js";
import { sentence } from "./wrap.js";

export function floatText(inspection: FloatInspection): string {
  const { path, bytes, shape, classes, labels, parameters, multiplyAdds, operators, policyTemplate } = inspection;
  const rows = operators.map((operator) => [
    operator.name,
    operator.op,
    operator.shape.join("×"),
    counted(operator.parameters),
    millions(operator.multiplyAdds),
  ]);
  return [
    table(["layer", "operator", "output", "parameters", "M mult-adds"], rows),
    "",
    sentence(`${path}: ${byteSize(bytes)}, float, ${shape.join("×")} values to ${classesText(classes, labels)}`),
    `${counted(parameters)} parameters, ${(multiplyAdds / 1e6).toFixed(2)} million multiply-adds per image`,
    ...templateLines(policyTemplate),
  ].join("\n");
}

export function integerText(inspection: IntegerInspection): string {
  const { path, bytes, classes, labels, preprocessing, provenance, operators, policyTemplate } = inspection;
  const rows = operators.map(({ name, op, shape, parameters, weights, input, output, multiplyAdds }) => [
    name,
    op,
    shape.join("×"),
    counted(parameters),
    weights ?? "",
    input.join(", "),
    output ?? "float",
    millions(multiplyAdds),
  ]);
  const { channels, height, width } = preprocessing;
  return [
    table(["layer", "operator", "output", "parameters", "W", "in", "out", "M mult-adds"], rows),
    "",
    "W, in, out: bit widths of the weights, the inputs and the output.",
    sentence(`${path}: ${byteSize(bytes)}, ${channels}×${height}×${width} bytes to ${classesText(classes, labels)}`),
    sentence(
      `${counted(inspection.parameters)} parameters, weights of ${inspection.weightBits.toFixed(2)} bits on average, ${(inspection.multiplyAdds / 1e6).toFixed(2)} million multiply-adds per image, ${byteSize(inspection.peakBytes)} of memory at most`,
    ),
    asLines({ ...preprocessing, ...provenance }),
    ...templateLines(policyTemplate),
  ].join("\n");
}

const templateLines = (path: string | undefined): readonly string[] =>
  path === undefined ? [] : [sentence(`Bit widths of all layers written to ${path}, for quantize --policy.`)];

const counted = (count: number): string => (count === 0 ? "" : count.toLocaleString("en"));

const classesText = (classes: number, labels: readonly string[] | undefined): string =>
  `${classes} classes${labels === undefined ? "" : `: ${sample(labels)}`}`;

const sample = (labels: readonly string[]): string =>
  labels.length <= 10 ? labels.join(", ") : `${labels.slice(0, 9).join(", ")} … ${labels.at(-1)}`;

/** Entries as text, one `key: value` per line. */
const asLines = (entries: Readonly<Record<string, unknown>>): string =>
  Object.entries(entries)
    .map(([key, value]) => `  ${key}: ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join("\n");

/** The effect of one pass: its matches, then the nodes that it removed (−) and added (+). */
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

export function comparisonText(result: CompareResult): string {
  const { path, float, images, summary, layers } = result;
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
    table([...header, ...(measured ? ["alone quantized", "kept float"] : []), "cause"], rows, ["cause"]),
    "",
    sentence(`${path} against ${float} on ${imageCount(images)}: ${summary}`),
    "",
    ...proposalLines(result),
  ].join("\n");
}

const imageCount = (count: number): string => `${count} ${count === 1 ? "image" : "images"}`;

/** Number of layers that the table lists. */
const NAMED = 12;

function proposalLines({ proposal, policyTemplate }: CompareResult): readonly string[] {
  if (proposal === undefined)
    return [
      sentence(
        "The noisiest layers already have 8 bits, so more bits cannot help; another method or `subbyte qat` can.",
      ),
      ...templateLines(policyTemplate),
    ];
  const { raised, bytes, images, isHeldOut, before, after } = proposal;
  const change = ([from, to]: readonly [number, number]) => (from === to ? from : `${from} → ${to}`);
  const rows = raised
    .slice(0, NAMED)
    .map(({ layer, weights, activations }) => [layer, change(weights), change(activations)]);
  const figure = (name: string, [from, to]: readonly [number | undefined, number | undefined]) =>
    from === undefined || to === undefined ? [] : [`${name} ${percent(from)} → ${percent(to)}`];
  const gains = [
    ...figure("accuracy", [before.top1, after.top1]),
    ...figure("agreement with float", [before.agreement, after.agreement]),
    `divergence ${before.divergence.toPrecision(3)} → ${after.divergence.toPrecision(3)}`,
  ];
  const names = raised.length > NAMED ? [`… and ${raised.length - NAMED} more`] : [];
  return [
    table(["proposed for", "W", "A"], rows),
    ...names,
    "",
    sentence(
      `The file would grow by ${byteSize(Math.ceil(bytes))}. With ranges by squared error alone, on ${imageCount(images)} ${isHeldOut ? "that were not calibrated on" : "that were calibrated on, too"}: ${gains.join(", ")}.`,
    ),
    ...(policyTemplate === undefined
      ? [
          sentence(
            "--policy-template FILE writes these bit widths, and those of all other layers, for quantize --policy.",
          ),
        ]
      : templateLines(policyTemplate)),
  ];
}
