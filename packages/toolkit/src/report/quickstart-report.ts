/** @file The report of `subbyte quickstart`. */

import { percent } from "../percent.js";
import { chartSvg } from "./chart.js";
import { definitions, figure, htmlTable, page } from "./page.js";
import type { QuickstartResult, QuickstartRow } from "./quickstart-result.js";

const size = { width: 880, height: 340 };
/** Without a browser, the width of text is underestimated; the gap keeps entries of the legend apart. */
const legend = { top: 0, itemGap: 36 };
const colors = {
  float: "#59636e",
  ranges: "#0969da",
  reconstruction: "#1a7f37",
  "quantization-aware": "#bc4c00",
} as const;

/** A self-contained HTML page. */
export async function quickstartReport(
  result: QuickstartResult,
  machine: Readonly<Record<string, string>>,
): Promise<string> {
  const { float, rows, history, architecture, parameters, multiplyAdds, seed, seconds } = result;
  const body = [
    "<h1>Subbyte quickstart: MNIST from float to 2 bits</h1>",
    `<p class="lead">${architecture}, ${parameters.toLocaleString("en")} parameters, ${(multiplyAdds / 1e6).toFixed(2)} million multiply-adds per image. ` +
      `Float reaches ${percent(float.top1)} on ${float.images.toLocaleString("en")} test images; every accuracy below is the integer engine's.</p>`,
    "<h2>Accuracy by bit width</h2>",
    figure(
      await accuracyChart(result),
      "Top-1 accuracy of the integer engine over the bit width of weights and activations.",
    ),
    htmlTable(
      ["Bits", "Method", "Accuracy", "Change", "Agreement with simulation", "File", "Compression"],
      rows.map((row) => tableRow(row, float.top1)),
    ),
    "<h2>Size against accuracy</h2>",
    figure(
      await sizeChart(result),
      "File size in kilobytes against top-1 accuracy; the dashed line is the float network.",
    ),
    "<h2>Training of the float network</h2>",
    figure(await trainingChart(history), "Training loss and training accuracy by epoch."),
    "<h2>Where the float network errs</h2>",
    htmlTable(
      ["label \\ predicted", ...float.classes],
      float.confusion.map((row, i) => [float.classes[i]!, ...row.map(String)]),
    ),
    "<h2>How this was made</h2>",
    definitions({ command: "subbyte quickstart", seed: String(seed), duration: `${seconds.toFixed(0)} s`, ...machine }),
  ];
  return page("Subbyte quickstart", body.join("\n"));
}

const tableRow = (row: QuickstartRow, float: number): string[] => [
  `${row.bits} bits`,
  row.method,
  percent(row.accuracy),
  `${row.accuracy >= float ? "+" : "−"}${Math.abs(100 * (row.accuracy - float)).toFixed(2)}`,
  percent(row.agreement),
  `${(row.fileBytes / 1000).toFixed(1)} kB`,
  `${row.compression.toFixed(1)}×`,
];

const methodsOf = (rows: readonly QuickstartRow[]) => [...new Set(rows.map((row) => row.method))];

/** Lower end of an accuracy axis in percent: a multiple of 10 below the worst point, with room for the label under that point. */
const floorOf = (rows: readonly QuickstartRow[]): number => {
  const worst = 100 * Math.min(...rows.map(({ accuracy }) => accuracy));
  return Math.max(0, 10 * Math.floor((worst - 6) / 10));
};

const floatLine = (value: number) => ({
  silent: true,
  symbol: "none",
  lineStyle: { color: colors.float, type: "dashed" as const },
  label: { formatter: "float", position: "end" as const },
  data: [{ yAxis: 100 * value }],
});

function accuracyChart({ rows, float }: Pick<QuickstartResult, "rows" | "float">): Promise<string> {
  const widths = [...new Set(rows.map((row) => row.bits))].sort((a, b) => b - a);
  return chartSvg(
    {
      legend,
      grid: { left: 56, right: 48, top: 36, bottom: 44 },
      xAxis: { type: "category", data: widths.map(String), name: "bits", nameLocation: "middle", nameGap: 28 },
      yAxis: { type: "value", min: floorOf(rows), max: 100, axisLabel: { formatter: "{value} %" } },
      series: methodsOf(rows).map((method, index) => ({
        name: method,
        type: "line",
        symbolSize: 9,
        color: colors[method],
        data: widths.map((bits) => {
          const row = rows.find((each) => each.bits === bits && each.method === method);
          return row ? Number((100 * row.accuracy).toFixed(2)) : null;
        }),
        ...(index === 0 ? { markLine: floatLine(float.top1) } : {}),
      })),
    },
    size,
  );
}

function sizeChart({ rows, float }: Pick<QuickstartResult, "rows" | "float">): Promise<string> {
  // Files of one bit width have one size, so one label serves all methods.
  const isBest = (row: QuickstartRow) =>
    rows.every((other) => other.bits !== row.bits || other.accuracy <= row.accuracy);
  return chartSvg(
    {
      legend,
      grid: { left: 56, right: 48, top: 36, bottom: 44 },
      xAxis: { type: "value", name: "kB", nameLocation: "middle", nameGap: 28, scale: true },
      yAxis: { type: "value", min: floorOf(rows), max: 100, axisLabel: { formatter: "{value} %" } },
      series: methodsOf(rows).map((method, index) => ({
        name: method,
        type: "scatter",
        symbolSize: 11,
        color: colors[method],
        data: rows
          .filter((row) => row.method === method)
          .map((row) => ({
            value: [Number((row.fileBytes / 1000).toFixed(1)), Number((100 * row.accuracy).toFixed(2))],
            label: { show: isBest(row), formatter: `${row.bits} bits`, position: "top" },
          })),
        ...(index === 0 ? { markLine: floatLine(float.top1) } : {}),
      })),
    },
    size,
  );
}

function trainingChart(history: QuickstartResult["history"]): Promise<string> {
  return chartSvg(
    {
      legend,
      grid: { left: 56, right: 64, top: 36, bottom: 44 },
      xAxis: {
        type: "category",
        data: history.map(({ epoch }) => String(epoch)),
        name: "epoch",
        nameLocation: "middle",
        nameGap: 28,
      },
      yAxis: [
        { type: "value", name: "loss", min: 0 },
        {
          type: "value",
          name: "accuracy",
          max: 100,
          scale: true,
          axisLabel: { formatter: "{value} %" },
          splitLine: { show: false },
        },
      ],
      series: [
        {
          name: "loss",
          type: "line",
          color: colors.ranges,
          data: history.map(({ trainLoss }) => Number(trainLoss.toFixed(4))),
        },
        {
          name: "accuracy",
          type: "line",
          yAxisIndex: 1,
          color: colors["quantization-aware"],
          data: history.map(({ trainAccuracy }) => Number((100 * trainAccuracy).toFixed(2))),
        },
      ],
    },
    size,
  );
}
