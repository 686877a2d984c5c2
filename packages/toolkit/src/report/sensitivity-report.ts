/** @file The page of `subbyte inspect --compare`: which layer hurts, and why. */

import type { LayerSensitivity } from "../quantization/sensitivity/index.js";
import { chartSvg } from "./chart.js";
import { definitions, escapeHtml, figure, htmlTable, page } from "./page.js";

const percent = (share: number | undefined): string => (share === undefined ? "–" : `${(100 * share).toFixed(2)} %`);
const origins = ["weights", "clipping", "rounding", "bias"] as const;

export interface SensitivityPage {
  readonly title: string;
  /** Noisiest first. */
  readonly layers: readonly LayerSensitivity[];
  /** Names and order as in the network. */
  readonly order: readonly string[];
  /** How the figures came about. */
  readonly made: Readonly<Record<string, string>>;
}

/** A self-contained HTML page. */
export async function sensitivityReport({ title, layers, order, made }: SensitivityPage): Promise<string> {
  const inOrder = order.flatMap((name) => layers.find(({ layer }) => layer === name) ?? []);
  const measured = layers.some(({ aloneQuantized }) => aloneQuantized !== undefined);
  const body = [
    `<h1>${escapeHtml(title)}</h1>`,
    '<p class="lead">Signal-to-noise ratio of each layer\'s output against the float network: lower is worse.</p>',
    figure(
      await ratioChart(inOrder),
      "Signal-to-noise ratio by layer, alone quantized and with all before it quantized.",
    ),
    figure(await originChart(inOrder), "Where the noise of each layer, alone quantized, comes from."),
    "<h2>Worst first</h2>",
    htmlTable(
      [
        "layer",
        "W / A bits",
        "alone",
        "cumulative",
        ...(measured ? ["agreement alone quantized", "agreement kept float"] : []),
        "clipped",
        "unused codes W / A",
        "dead channels",
        "cause",
      ],
      layers.map((layer) => [
        layer.layer,
        `${layer.weightBits} / ${layer.inputBits}`,
        `${layer.aloneDb.toFixed(1)} dB`,
        `${layer.cumulativeDb.toFixed(1)} dB`,
        ...(measured ? [percent(layer.aloneQuantized?.agreement), percent(layer.keptFloat?.agreement)] : []),
        percent(layer.clippedShare),
        `${layer.unusedWeightCodes} / ${layer.unusedInputCodes}`,
        String(layer.deadChannels),
        layer.cause,
      ]),
    ),
    "<h2>How this was made</h2>",
    definitions(made),
  ];
  return page(title, body.join("\n"));
}

const frame = (names: readonly string[]) => ({
  legend: { top: 0 },
  grid: { left: 56, right: 24, top: 36, bottom: 120 },
  xAxis: { type: "category" as const, data: [...names], axisLabel: { rotate: 60, interval: 0, fontSize: 10 } },
});
const size = { width: 880, height: 400 };

const ratioChart = (layers: readonly LayerSensitivity[]): Promise<string> =>
  chartSvg(
    {
      ...frame(layers.map(({ layer }) => layer)),
      yAxis: { type: "value", name: "dB" },
      series: (["aloneDb", "cumulativeDb"] as const).map((key) => ({
        name: key === "aloneDb" ? "alone" : "cumulative",
        type: "line",
        data: layers.map((layer) => Number(layer[key].toFixed(2))),
      })),
    },
    size,
  );

const originChart = (layers: readonly LayerSensitivity[]): Promise<string> =>
  chartSvg(
    {
      ...frame(layers.map(({ layer }) => layer)),
      yAxis: { type: "value", max: 100, axisLabel: { formatter: "{value} %" } },
      series: origins.map((origin) => ({
        name: origin,
        type: "bar",
        stack: "noise",
        data: layers.map(({ noise }) => {
          const total = origins.reduce((sum, each) => sum + noise[each], 0);
          return total === 0 ? 0 : Number(((100 * noise[origin]) / total).toFixed(1));
        }),
      })),
    },
    size,
  );
