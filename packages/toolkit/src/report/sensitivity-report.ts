/** @file The page of `subbyte inspect --compare`: which layer costs accuracy, and why. */

import type { Distribution, LayerSensitivity } from "../quantization/sensitivity/index.js";
import { chartSvg } from "./chart.js";
import { distributionSvg, shortNumber } from "./distribution-svg.js";
import { definitions, escapeHtml, figure, htmlTable, page } from "./page.js";

/** A share in percent, without the sign. */
const hundredths = (share: number | undefined): string => (share === undefined ? "–" : (100 * share).toFixed(2));
const percent = (share: number): string => `${hundredths(share)} %`;
const origins = ["weights", "clipping", "rounding", "bias"] as const;

/** The contents of a sensitivity report. */
export interface SensitivityPage {
  readonly title: string;
  /** The layers, the noisiest first. */
  readonly layers: readonly LayerSensitivity[];
  /** Names of the layers in the network's order. */
  readonly order: readonly string[];
  /** How the figures were measured. */
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
      "Signal-to-noise ratio by layer: with only this layer quantized, and with all layers before it quantized, too.",
    ),
    figure(await originChart(inOrder), "The origin of each layer's noise if only this layer is quantized."),
    "<h2>Worst first</h2>",
    htmlTable(
      [
        "layer",
        "bits W / A",
        "alone, dB",
        "cumulative, dB",
        ...(measured ? ["agreement, only this layer quantized, %", "agreement, this layer in float, %"] : []),
        "clipped W / A, %",
        "unused codes W / A",
        "dead channels",
        "cause",
      ],
      layers.map((layer) => [
        layer.layer,
        `${layer.weightBits} / ${layer.inputBits}`,
        layer.aloneDb.toFixed(1),
        layer.cumulativeDb.toFixed(1),
        ...(measured ? [hundredths(layer.aloneQuantized?.agreement), hundredths(layer.keptFloat?.agreement)] : []),
        `${hundredths(layer.clippedWeightShare)} / ${hundredths(layer.clippedShare)}`,
        `${layer.unusedWeightCodes} / ${layer.unusedInputCodes}`,
        String(layer.deadChannels),
        layer.cause,
      ]),
      "cause",
    ),
    "<h2>Weights and inputs on their grids</h2>",
    '<p class="lead">Worst layer first. Counts are on a logarithmic axis; exact zeros have no error and are left out. The shaded part ' +
      "is the range of the grid. Ticks below the axis are its codes. Bars beyond the range are clipped.</p>",
    ...layers.map(distributions),
    "<h2>How this was made</h2>",
    definitions(made),
  ];
  return page(title, body.join("\n"));
}

/** A layer's histograms, of its weights and of its input, side by side if there is room. */
const distributions = ({ layer, weights, input, ...facts }: LayerSensitivity): string =>
  [
    `<section><h3>${escapeHtml(layer)}</h3>`,
    `<p class="lead">${escapeHtml(`${facts.aloneDb.toFixed(1)} dB alone: ${facts.cause}`)}</p><div class="pair">`,
    figure(
      distributionSvg(weights),
      `Weights in steps of their channel's scale, ${facts.weightBits} bits: ${onGrid(weights, facts.clippedWeightShare)}.`,
    ),
    figure(
      distributionSvg(input),
      `Input, ${facts.inputBits} bits: ${onGrid(input, facts.clippedShare)}${zeros(input)}.`,
    ),
    "</div></section>",
  ].join("\n");

const onGrid = ({ min, max, range }: Distribution, clipped: number): string =>
  `values ${shortNumber(min)} … ${shortNumber(max)}, range ${shortNumber(range[0])} … ${shortNumber(range[1])}, ${percent(clipped)} clipped`;

function zeros({ zeros, counts }: Distribution): string {
  const share = zeros / counts.reduce((sum, count) => sum + count, zeros);
  return zeros === 0 ? "" : `, ${percent(share)} zeros`;
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
