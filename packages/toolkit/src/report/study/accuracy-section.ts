/** @file The section about accuracy against bits: a chart and a table per case, and all figures in one table. */

import { accuracyPanel } from "./accuracy-chart.js";
import { type Case, mainPoints, type Point, type ReportData } from "./cases.js";
import { bitsText, byteSize, percent, points, pointsWithInterval } from "./format.js";
import { about, type Cell, details, panels, table } from "./html.js";
import { legend, type Series } from "./legend.js";

export function accuracySection(data: ReportData, series: Series): string {
  const { cases } = data;
  const figures = cases.map((each) => ({
    svg: accuracyPanel(each, series),
    title: each.title,
    caption: `${each.float.result.accuracy!.images.toLocaleString("en")} test images`,
  }));
  const measured = cases.filter((each) => each.points.length > 0);
  if (measured.length === 0) return "";
  const rows = measured.reduce((sum, each) => sum + each.points.length, 0);
  return [
    about(
      "Every accuracy of a quantized network is that of the integer engine on the test images. Bars are 95 % intervals (Wilson) for other images of the same kind; small rings are single seeds. " +
        "Accuracies far below the highest one of a bit width are drawn at the lower edge, in percent. Lines join neighbouring bit widths only if both were measured.",
    ),
    legend(data, series),
    panels(figures),
    about(
      "Accuracy in percent, and its change against float in points. The most thorough method of each bit width, which sentences name, is bold.",
    ),
    ...measured.map(caseTable),
    details(`${rows} rows with intervals, agreement with float and file sizes`, everyFigure(measured)),
  ].join("\n");
}

/** One row per method, one column per bit width. */
function caseTable(each: Case): string {
  const columns = mainPoints(each);
  const rows = each.methods.map((method): readonly (string | Cell)[] => [
    method,
    ...columns.map((main): string | Cell => {
      const point = each.points.find((one) => one.method === method && one.bits === main.bits);
      if (point === undefined) return "";
      const text = `${(100 * point.accuracy.value).toFixed(2)} (${points(point.change.value)})`;
      return { text, value: point.accuracy.value, ...(point === main ? { className: "main" } : {}) };
    }),
  ]);
  const files = columns.map(({ bytes }) => byteSize(bytes));
  return table(
    [{ name: "method", kind: "text" }, ...columns.map(({ bits }) => ({ name: bitsText(bits) }))],
    [...rows, ["file", ...files]],
    { caption: each.title, label: `${each.title}: accuracy by method and bit width` },
  );
}

function everyFigure(cases: readonly Case[]): string {
  const rows = cases.flatMap((each) =>
    each.points.map((point): readonly (string | Cell)[] => [
      each.title,
      point.method,
      bitsText(point.bits),
      { text: percent(point.accuracy.value), value: point.accuracy.value },
      { text: spread(point), value: spreadOf(point) },
      { text: pointsWithInterval(point.change), value: point.change.value },
      point.agreement === undefined ? "" : { text: percent(point.agreement), value: point.agreement },
      { text: byteSize(point.bytes), value: point.bytes },
    ]),
  );
  return table(
    [
      { name: "case", kind: "text" },
      { name: "method", kind: "text" },
      { name: "bits", kind: "text" },
      { name: "accuracy" },
      { name: "seeds" },
      { name: "against float, points (95 %)" },
      { name: "same answer as float" },
      { name: "file" },
    ],
    rows,
    { sortable: true, caption: "Accuracy, change against float by pairs of images, agreement and file size" },
  );
}

const spreadOf = ({ runs }: Point): number => {
  const all = runs.map(({ result }) => result.accuracy!.top1);
  return Math.max(...all) - Math.min(...all);
};
const spread = (point: Point): string =>
  point.runs.length === 1 ? "1" : `${point.runs.length}, ± ${(50 * spreadOf(point)).toFixed(2)}`;
