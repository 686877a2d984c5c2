/** @file The page of `subbyte qat`: the gain of training, its curves, and the changes in each layer. */

import { basename } from "node:path";
import type { TestAccuracy } from "../evaluation/index.js";
import { percent } from "../percent.js";
import type { LayerChange } from "../quantization/qat/index.js";
import type { EpochRecord } from "../training/index.js";
import { chartSvg } from "./chart.js";
import { definitions, escapeHtml, figure, htmlTable, page } from "./page.js";
import type { QatFigures, QatStage } from "./qat-result.js";

/** @param machine facts about the machine, by name @returns a self-contained HTML page */
export async function qatReport(result: QatFigures, machine: Readonly<Record<string, string>>): Promise<string> {
  const { model, data, seed, validationSplit, stages } = result;
  const tested = stages.find(({ test }) => test)?.test;
  const body = [
    `<h1>Quantization-aware training of ${escapeHtml(basename(model))}</h1>`,
    `<p class="lead">${escapeHtml(summary(result))}</p>`,
    resultTable(result, tested),
    `<p class="lead">${escapeHtml(
      `${validationSplit === "held-out" ? "Held-out training images" : `The images of "${validationSplit}"`} chose the epoch. ` +
        (tested
          ? `The ${tested.images.toLocaleString("en")} images of "${tested.split}" were looked at only at the end, on the integer engine.`
          : "The data has no test images."),
    )}</p>`,
    ...(await Promise.all(stages.map((stage) => stageSection(stage, stages.length > 1)))),
    "<h2>How this was made</h2>",
    definitions({ command: "subbyte qat", model, data, seed: String(seed), ...machine }),
  ];
  return page(`Quantization-aware training of ${basename(model)}`, body.join("\n"));
}

const stageName = ({ bits }: QatStage): string => (bits === undefined ? "quantized" : `${bits} bits`);
const shown = (accuracy: number | undefined): string => (accuracy === undefined ? "–" : percent(accuracy));
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

function summary({ float, stages }: QatFigures): string {
  const reached = stages.map((stage) => {
    const after = stage.test?.top1 ?? stage.validation;
    const before = stage.baselineTest?.top1 ?? stage.baseline;
    const gain = before === undefined ? "" : `, ${shown(before)} before training`;
    const name = stage.bits === undefined ? "The quantized network" : `At ${stage.bits} bits the network`;
    return stage.kept === "trained"
      ? `${name} reaches ${shown(after)}${gain}.`
      : `${name} was not better after any epoch by more than chance: the network before training was kept, with ${shown(after)}.`;
  });
  const original = float?.test?.top1 ?? float?.validation;
  return [...reached, ...(original === undefined ? [] : [`The float network reaches ${percent(original)}.`])].join(" ");
}

function resultTable({ float, stages }: QatFigures, tested: TestAccuracy | undefined): string {
  const test = (...figures: readonly (TestAccuracy | undefined)[]) =>
    tested ? figures.map((each) => shown(each?.top1)) : [];
  const testTitles = tested ? ["Test, before", "Test, after"] : [];
  const blank = tested ? [""] : [];
  const floatRow = float && [
    "float",
    "",
    percent(float.validation),
    ...blank,
    ...test(float.test),
    "",
    megabytes(float.bytes),
  ];
  return htmlTable(
    ["Network", "Held-out, before", "Held-out, after", ...testTitles, "Best epoch", "File"],
    [
      ...(floatRow ? [floatRow] : []),
      ...stages.map((stage) => [
        stageName(stage),
        shown(stage.baseline),
        shown(stage.validation),
        ...test(stage.baselineTest, stage.test),
        stage.kept === "trained" ? `${stage.best} of ${stage.history.length}` : "none",
        megabytes(stage.bytes),
      ]),
    ],
  );
}

async function stageSection(stage: QatStage, isOneOfMany: boolean): Promise<string> {
  const { history, layers, lr, epochs } = stage;
  const of = isOneOfMany ? ` at ${stage.bits} bits` : "";
  const heading = isOneOfMany ? "h3" : "h2";
  return [
    ...(isOneOfMany ? [`<h2>${stage.bits} bits</h2>`] : []),
    `<${heading}>Training</${heading}>`,
    `<p class="lead">Epochs: ${epochs}. Largest learning rate: ${Number(lr.toPrecision(3))}.</p>`,
    figure(
      await accuracyChart(stage),
      `Accuracy on training images (augmented, as in training) and on held-out images by epoch${of}; the dashed line is the network before training.`,
    ),
    figure(
      await lossChart(history),
      `Loss by epoch${of}: the training loss, and the cross-entropy on held-out images.`,
    ),
    `<${heading}>Layers</${heading}>`,
    ...(await layerSection(layers, of)),
  ].join("\n");
}

const frame = { legend: { top: 0, itemGap: 36 }, grid: { left: 64, right: 64, top: 36, bottom: 44 } };
const size = { width: 880, height: 320 };

const epochAxis = (history: readonly EpochRecord[]) => ({
  type: "category" as const,
  data: history.map(({ epoch }) => String(epoch)),
  name: "epoch",
  nameLocation: "middle" as const,
  nameGap: 28,
});

const rounded = (value: number | undefined, digits: number) =>
  value === undefined ? null : Number(value.toFixed(digits));

function accuracyChart({ history, baseline }: QatStage): Promise<string> {
  const line = (name: string, color: string, key: "trainAccuracy" | "validationAccuracy") => ({
    name,
    type: "line" as const,
    color,
    data: history.map((record) => rounded(record[key] && 100 * record[key], 2)),
  });
  const values = history.flatMap(({ trainAccuracy, validationAccuracy = trainAccuracy }) => [
    trainAccuracy,
    validationAccuracy,
  ]);
  const lowest = 100 * Math.min(...values, baseline ?? 1);
  return chartSvg(
    {
      ...frame,
      xAxis: epochAxis(history),
      yAxis: {
        type: "value",
        min: Math.max(0, Math.floor(lowest - 1)),
        max: 100,
        axisLabel: { formatter: "{value} %" },
      },
      series: [
        line("training images", "#0969da", "trainAccuracy"),
        {
          ...line("held-out images", "#bc4c00", "validationAccuracy"),
          ...(baseline === undefined
            ? {}
            : {
                markLine: {
                  silent: true,
                  symbol: "none",
                  lineStyle: { color: "#59636e", type: "dashed" as const },
                  label: { formatter: "before", position: "end" as const },
                  data: [{ yAxis: 100 * baseline }],
                },
              }),
        },
      ],
    },
    size,
  );
}

function lossChart(history: readonly EpochRecord[]): Promise<string> {
  const line = (name: string, color: string, key: "trainLoss" | "validationLoss", yAxisIndex: number) => ({
    name,
    type: "line" as const,
    color,
    yAxisIndex,
    data: history.map((record) => rounded(record[key], 4)),
  });
  return chartSvg(
    {
      ...frame,
      xAxis: epochAxis(history),
      yAxis: [
        { type: "value", name: "training", scale: true },
        { type: "value", name: "held-out", scale: true, splitLine: { show: false } },
      ],
      series: [line("training", "#0969da", "trainLoss", 0), line("held-out images", "#bc4c00", "validationLoss", 1)],
    },
    size,
  );
}

async function layerSection(layers: readonly LayerChange[], of: string): Promise<readonly string[]> {
  if (layers.length === 0) return ['<p class="lead">The network before training was kept, so no layer changed.</p>'];
  const measured = layers.every(({ ratioDb }) => ratioDb);
  const factor = (value: number) => `×${value.toFixed(3)}`;
  const db = (value: number | undefined) => (value === undefined ? "–" : value.toFixed(1));
  return [
    ...(measured
      ? [
          figure(
            await ratioChart(layers),
            `Signal-to-noise ratio of each layer's output against the float network${of}, before and after training: higher is closer.`,
          ),
        ]
      : []),
    figure(
      await scaleChart(layers),
      `Scales after training over scales before${of}, as powers of two: 0 is unchanged, 1 is twice as large. Weights: the mean over channels.`,
    ),
    htmlTable(
      [
        "layer",
        "bits W / A",
        "weight scale",
        "changed codes",
        "input scale",
        "zero point",
        ...(measured ? ["before, dB", "after, dB"] : []),
      ],
      layers.map(({ layer, weightBits, inputBits, weightScale, changedCodes, inputScale, zeroPoint, ratioDb }) => [
        layer,
        `${weightBits} / ${inputBits}`,
        factor(weightScale),
        percent(changedCodes, 1),
        factor(inputScale),
        zeroPoint[0] === zeroPoint[1] ? String(zeroPoint[0]) : `${zeroPoint[0]} → ${zeroPoint[1]}`,
        ...(measured ? [db(ratioDb?.[0]), db(ratioDb?.[1])] : []),
      ]),
    ),
  ];
}

const layerFrame = (layers: readonly LayerChange[]) => ({
  legend: { top: 0, itemGap: 36 },
  grid: { left: 64, right: 24, top: 36, bottom: 130 },
  xAxis: {
    type: "category" as const,
    data: layers.map(({ layer }) => layer),
    axisLabel: { rotate: 60, interval: 0, fontSize: 10, overflow: "truncate" as const, width: 130 },
  },
});

const ratioChart = (layers: readonly LayerChange[]): Promise<string> =>
  chartSvg(
    {
      ...layerFrame(layers),
      yAxis: { type: "value", name: "dB" },
      series: (["before", "after"] as const).map((name, i) => ({
        name,
        type: "line",
        color: ["#59636e", "#bc4c00"][i]!,
        data: layers.map(({ ratioDb }) => rounded(ratioDb![i], 2)),
      })),
    },
    { ...size, height: 400 },
  );

const scaleChart = (layers: readonly LayerChange[]): Promise<string> =>
  chartSvg(
    {
      ...layerFrame(layers),
      yAxis: { type: "value" },
      series: (["weightScale", "inputScale"] as const).map((key, i) => ({
        name: ["weights", "input"][i]!,
        type: "bar",
        color: ["#0969da", "#bc4c00"][i]!,
        data: layers.map((layer) => rounded(Math.log2(layer[key]), 3)),
      })),
    },
    { ...size, height: 400 },
  );
