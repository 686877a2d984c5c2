/** @file The predecessor's figures and ours, for the same networks and data sets. */

import { bitsName } from "../../bits-name.js";
import { escapeHtml } from "../page.js";
import type { Case, ReportData } from "./cases.js";
import { byteSize, percent, points } from "./format.js";
import { type Cell, table } from "./html.js";
import { type PredecessorCase, type PredecessorFigure, predecessorOf, predecessorSizes } from "./predecessor.js";

export function predecessorSection({ cases }: ReportData): string {
  const pairs = cases.flatMap((each) => {
    const theirs = predecessorOf(each);
    return theirs ? [{ each, theirs }] : [];
  });
  if (pairs.length === 0) return "";
  return [
    "<p class=\"about\">The student project of 2021 that this one succeeds trained the same networks, beginning with weights trained on ImageNet, which contains ImageNette's classes; ours begin with random weights. Only the losses against each project's own float network can therefore be compared. Its networks ran in float, and it chose epochs by the test images. Figures that are struck out measure something else.</p>",
    ...pairs.map(
      ({ each, theirs }) => `<h3>${escapeHtml(each.title)}</h3>\n${pairTable(each, theirs)}${notes(theirs)}`,
    ),
  ].join("\n");
}

function pairTable(each: Case, theirs: PredecessorCase): string {
  const widths = [8, 7, 6, 5, 4, 3, 2].filter(
    (bits) =>
      theirs.figures.some((figure) => figure.bits === bits) ||
      each.points.some((point) => point.bits === bitsName(bits)),
  );
  const theirCell = (method: PredecessorFigure["method"], bits: number): Cell => {
    const figure = theirs.figures.find((one) => one.method === method && one.bits === bits);
    if (figure === undefined) return { text: "" };
    const text = `${percent(figure.accuracy)} (${points(figure.accuracy - theirs.float, 1)})`;
    return { text, value: figure.accuracy, ...(figure.invalid ? { className: "invalid" } : {}) };
  };
  const ownCell = (method: string, bits: number): Cell => {
    const point = each.points.find((one) => one.method === method && one.bits === bitsName(bits));
    if (point === undefined) return { text: "" };
    return { text: `${percent(point.accuracy.value)} (${points(point.change.value, 1)})`, value: point.accuracy.value };
  };
  const sizes = predecessorSizes[theirs.arch]!;
  const size = (bits: number): Cell => {
    const own = each.points.find((one) => one.bits === bitsName(bits));
    return own ? { text: byteSize(own.bytes), value: own.bytes } : { text: "" };
  };
  return table(
    [
      { name: "bits" },
      { name: "predecessor, post-training" },
      { name: "predecessor, quantization-aware" },
      { name: "its file" },
      ...each.methods.map((method) => ({ name: `ours, ${method}` })),
      { name: "our file" },
    ],
    [
      [
        "float",
        percent(theirs.float),
        "",
        byteSize(sizes.float),
        ...each.methods.map((_, i) => (i === 0 ? percent(each.floatAccuracy.value) : "")),
        byteSize(each.float.result.model!.bytes),
      ],
      ...widths.map((bits) => [
        String(bits),
        theirCell("post-training", bits),
        theirCell("quantization-aware", bits),
        theirs.figures.some((figure) => figure.bits === bits) ? byteSize(sizes.quantized) : "",
        ...each.methods.map((method) => ownCell(method, bits)),
        size(bits),
      ]),
    ],
    {
      caption: `${each.title}: accuracy, and in parentheses the change in points against the same project's float network`,
    },
  );
}

/** The reasons why figures are struck out. */
function notes({ figures }: PredecessorCase): string {
  const reasons = [...new Set(figures.flatMap(({ invalid }) => (invalid ? [invalid] : [])))];
  return reasons
    .map((reason) => {
      const own = figures.filter(({ invalid }) => invalid === reason);
      const where = `${own[0]!.method}, ${own.map(({ bits }) => bits).join(", ")} bits`;
      return `<p class="about">Struck out (${where}): ${escapeHtml(reason)}.</p>`;
    })
    .join("\n");
}
