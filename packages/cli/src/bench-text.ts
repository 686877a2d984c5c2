/** @file Measured speeds as tables. */

import type {
  AgainstResult,
  EngineBenchResult,
  ModelBenchResult,
  ProfileResult,
  TrainingBenchResult,
  TrainingProfileResult,
} from "@subbyte/toolkit/tasks";
import { byteSize, millions, table, threadCount, threeDigits } from "./output.js";
import { sentence } from "./wrap.js";

type ContestantResult = EngineBenchResult["results"][number];

export function engineText({
  results,
  ratios,
  cpuRatios,
  bestPeers,
}: Pick<EngineBenchResult, "results" | "ratios" | "cpuRatios" | "bestPeers">): string {
  const header = ["network", "contestant", "ms", "fastest", "CPU", "first result", "correlation"];
  const rows = results.map((result) => [
    result.network,
    result.contestant,
    result.milliseconds.toFixed(2),
    result.fastestMilliseconds.toFixed(2),
    result.cpuMilliseconds?.toFixed(2) ?? "",
    result.firstResultMilliseconds.toFixed(0),
    result.correlation.toFixed(4),
  ]);
  const comparisonRows = Object.entries(ratios).map(([key, ratio]) => [
    key,
    `${ratio.toFixed(2)}×`,
    ...(cpuRatios ? [key in cpuRatios ? `${cpuRatios[key]!.toFixed(2)}×` : ""] : []),
  ]);
  const bestRows = bestPeers.map(({ network, ours, peer, ratio, cpuRatio }) => [
    network,
    ours,
    peer,
    `${ratio.toFixed(2)}×`,
    ...(cpuRatios ? [cpuRatio === undefined ? "" : `${cpuRatio.toFixed(2)}×`] : []),
  ]);
  const ratioHeader = ["ratio", ...(cpuRatios ? ["in CPU time"] : [])];
  return [
    "One image from RGB bytes to logits, in milliseconds: median, fastest, processor time; the first from the bytes of the model;",
    "correlation is that of the logits with the float network's.",
    ...(disturbed(results) ? ["", BUSY] : []),
    "",
    table(header, rows),
    "",
    "How many times as fast ours is (medians of ratios within a turn):",
    "",
    table(["comparison", ...ratioHeader], comparisonRows),
    ...(bestRows.length === 0
      ? []
      : ["", "Against the best peer:", "", table(["network", "ours", "best peer", ...ratioHeader], bestRows)]),
  ].join("\n");
}

/** Below this ratio of processor time to wall time, other programs used the cores. */
const UNDISTURBED = 0.9;

/** Whether other programs used the cores during the measurement. */
export const disturbed = (times: readonly Pick<ContestantResult, "milliseconds" | "cpuMilliseconds">[]): boolean =>
  times.some(({ milliseconds, cpuMilliseconds = milliseconds }) => cpuMilliseconds < UNDISTURBED * milliseconds);

/** Times of one model file, and of its layers if they were measured. */
export function modelText({ model, bytes, runtime, times, layers }: ModelBenchResult): string {
  const rows = times.map((time) => [
    runtime === "engine" ? `engine (${time.tier})` : "ONNX Runtime",
    time.threads,
    threeDigits(time.milliseconds),
    threeDigits(time.fastestMilliseconds),
    threeDigits(time.cpuMilliseconds),
    threeDigits(1000 / time.milliseconds),
  ]);
  return [
    table(["runtime", "threads", "ms/image", "fastest", "CPU ms", "images/s"], rows),
    "",
    sentence(
      `${model}, ${byteSize(bytes)}: one image after the other, from bytes to logits; median, fastest, and processor time of all threads.`,
    ),
    ...(disturbed(times.filter(({ threads }) => threads === 1)) ? [BUSY] : []),
    ...(layers === undefined ? [] : ["", layersTable(layers)]),
  ].join("\n");
}

/** The times of several model files as a table, each compared with the first. */
export function againstText({ times, threads, browser }: AgainstResult): string {
  const [first] = times;
  const rows = times.map((time) => [
    time.model,
    byteSize(time.bytes),
    time.tier === undefined ? time.runtime : `engine (${time.tier})`,
    threeDigits(time.milliseconds),
    threeDigits(time.fastestMilliseconds),
    threeDigits(time.cpuMilliseconds),
    time === first ? "" : `${time.ratio.toFixed(2)}×`,
    time === first ? "" : `${time.cpuRatio.toFixed(2)}×`,
  ]);
  return [
    table(["model", "size", "runtime", "ms/image", "fastest", "CPU ms", "ratio", "in CPU time"], rows),
    "",
    sentence(
      `One image after the other in turns, ${threadCount(threads)}${browser === undefined ? "" : `, ${browser}`}: median, fastest, processor time, and how many times as fast ${first!.model} is.`,
    ),
    ...(threads === 1 && disturbed(times) ? [BUSY] : []),
  ].join("\n");
}

const BUSY = "The machine was busy with other work: ratios may hold, times do not.";

export function profileText({ network, bits, tier, layers }: ProfileResult["profiles"][number]): string {
  const total = layers.reduce((sum, layer) => sum + layer.milliseconds, 0);
  const work = layers.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
  return [
    `${network} W${bits}A${bits}, ${tier}: ${total.toFixed(2)} ms, ${(work / 1e6 / total).toFixed(1)} GMAC/s`,
    "",
    layersTable(layers),
  ].join("\n");
}

function layersTable(layers: ProfileResult["profiles"][number]["layers"]): string {
  const rows = layers.map((layer) => [
    layer.name,
    layer.milliseconds.toFixed(3),
    millions(layer.multiplyAdds),
    layer.multiplyAdds === 0 ? "" : layer.gmacPerSecond.toFixed(1),
    layer.kernels.join(" "),
    layer.flush ?? "",
  ]);
  return table(["layer", "ms", "M mult-adds", "GMAC/s", "kernels", "flush every"], rows);
}

export function trainingText({
  results,
  ratios,
  cpuRatios,
}: Pick<TrainingBenchResult, "results" | "ratios" | "cpuRatios">): string {
  const rows = results.map((result) => [
    result.network,
    result.contestant,
    result.batchSize,
    result.milliseconds.toFixed(1),
    result.fastestMilliseconds.toFixed(1),
    result.cpuMilliseconds.toFixed(1),
    result.imagesPerSecond.toFixed(1),
  ]);
  const ratioRows = Object.entries(ratios).map(([key, ratio]) => [
    key,
    `${ratio.toFixed(2)}×`,
    `${cpuRatios[key]!.toFixed(2)}×`,
  ]);
  return [
    "Training steps, in milliseconds: median, fastest, processor time of all threads.",
    "",
    table(["network", "contestant", "batch", "ms", "fastest", "CPU", "images/s"], rows),
    "",
    "How many times as fast ours is (medians of ratios within a turn):",
    "",
    table(["comparison", "ratio", "in CPU time"], ratioRows),
  ].join("\n");
}

export function stepProfileText({
  network,
  form,
  batchSize,
  threads,
  milliseconds,
  parts,
  operators,
  nodes,
}: TrainingProfileResult["steps"][number]): string {
  const shares = (what: string, list: typeof parts) =>
    table(
      [what, "ms", "share", "nodes"],
      list.map((each) => [
        each.name,
        each.milliseconds.toFixed(2),
        `${((100 * each.milliseconds) / milliseconds).toFixed(1)} %`,
        each.nodes,
      ]),
    );
  return [
    `${network} ${form}, batch ${batchSize}, ${threadCount(threads)}: ${milliseconds.toFixed(1)} ms in nodes`,
    shares("part", parts),
    shares("operator", operators.slice(0, LONGEST_OPERATORS)),
    table(
      ["node", "operator", "ms"],
      nodes.map(({ name, operator, milliseconds: ms }) => [name, operator, ms.toFixed(2)]),
    ),
  ].join("\n\n");
}

const LONGEST_OPERATORS = 12;
