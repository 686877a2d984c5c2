/**
 * @file The result of a quantization as a table: the float network and the quantized one, the images, and the
 * engine's time.
 */

import type { QatTaskResult, QuantizeResult } from "@subbyte/toolkit/tasks";
import { disturbed } from "./bench-text.js";
import { mixedText } from "./mixed-precision.js";
import { byteSize, percent, table, threadCount, threeDigits } from "./output.js";
import { sentence } from "./wrap.js";

type Time = QuantizeResult["time"];

export function quantizedText(result: QuantizeResult): string {
  const { out, bytes, floatBytes, weights, activations, figures, time, mixed, averageBits, policyFile } = result;
  const { agreement, top1, floatTop1 } = figures;
  const labelled = top1 !== undefined && floatTop1 !== undefined;
  const bits = averageBits
    ? [averageBits.weights.toFixed(2), averageBits.activations.toFixed(2)]
    : [weights, activations];
  const header = ["network", ...(labelled ? ["accuracy"] : []), "agreement", "size", "ms/image", "CPU ms"];
  const rows = [
    ["float", ...(labelled ? [percent(floatTop1)] : []), "", byteSize(floatBytes), "", ""],
    [
      `W${bits[0]} A${bits[1]}`,
      ...(labelled ? [percent(top1)] : []),
      percent(agreement),
      byteSize(bytes),
      threeDigits(time.milliseconds),
      threeDigits(time.cpuMilliseconds),
    ],
  ];
  return [
    ...(mixed === undefined ? [] : [mixedText(mixed), ""]),
    table(header, rows),
    "",
    sentence(
      `${labelled ? "Accuracy, and agreement" : "Agreement"} with the float network, of the integer engine on ${shownText(figures)}.`,
    ),
    timeText([time]),
    ...(averageBits ? ["W and A: mean bits of the weights and inputs of inner layers."] : []),
    sentence(`Written to ${out}${policyFile === undefined ? "" : `, the bit widths for --policy to ${policyFile}`}.`),
  ].join("\n");
}

function shownText({ images, shown }: QuantizeResult["figures"]): string {
  const count = images.toLocaleString("en");
  switch (shown) {
    case "held-out":
      return `${count} held-out training images, which calibration did not see`;
    case "calibration":
      return `the ${count} calibration images themselves: there are too few others`;
    case "made":
      return `the ${count} calibration images, made from batch-norm statistics`;
    default:
      return shown satisfies never;
  }
}

export function trainedText(result: QatTaskResult): string {
  const { float, stages, validationSplit, data, report } = result;
  const tested = stages.find(({ test }) => test)?.test;
  const testTitles = tested ? [`${tested.split} before`, `${tested.split} after`] : [];
  const header = ["network", "epoch", "before", "after", ...testTitles, "size", "ms/image", "file"];
  const test = (...figures: readonly ({ readonly top1: number } | undefined)[]) =>
    tested ? figures.map((figure) => shown(figure?.top1)) : [];
  const rows = stages.map((stage) => [
    stage.bits === undefined ? "quantized" : `${stage.bits} bits`,
    stage.kept === "trained" ? stage.best : "none",
    shown(stage.baseline),
    shown(stage.validation),
    ...test(stage.baselineTest, stage.test),
    byteSize(stage.bytes),
    threeDigits(stage.time.milliseconds),
    stage.out,
  ]);
  const floatRow = float && [
    "float",
    "",
    "",
    shown(float.validation),
    ...(tested ? [""] : []),
    ...test(float.test),
    byteSize(float.bytes),
    "",
    "",
  ];
  const onTest = tested
    ? `; "${testTitles.join('", "')}": on the integer engine, on ${tested.images.toLocaleString("en")} images`
    : "";
  return [
    table(header, floatRow ? [floatRow, ...rows] : rows),
    "",
    sentence(
      `Accuracy before and after training, on the ${validationSplit === "held-out" ? "held-out training images" : `images of "${validationSplit}"`} that chose the epoch${onTest}.`,
    ),
    ...(stages.some(({ kept }) => kept !== "trained")
      ? ["The network before training was kept, because no epoch was better beyond chance."]
      : []),
    timeText(stages.map(({ time }) => time)),
    `${report}  the report, open it in a browser`,
    `subbyte evaluate ${stages.at(-1)!.out} --data ${data}`,
  ].join("\n");
}

const shown = (accuracy: number | undefined): string => (accuracy === undefined ? "" : percent(accuracy));

/** @param times measured with the same number of threads */
const timeText = (times: readonly Time[]): string =>
  sentence(
    `Time per image: median on the integer engine with ${threadCount(times[0]!.threads)} (${times[0]!.tier}).${disturbed(times) ? " The machine was busy with other work, which made it longer." : ""}`,
  );
