/** @file Measured speeds as tables. */

import type {
  EngineBenchResult,
  ProfileResult,
  TrainingBenchResult,
  TrainingProfileResult,
} from "@subbyte/toolkit/tasks";
import { millions, table, threadCount } from "./output.js";

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
    ...(disturbed(results) ? ["", "The machine was busy with other work: ratios may hold, times do not."] : []),
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

/** Something had less processor time than this share of its time. */
const UNDISTURBED = 0.9;

/** Whether other work had the cores meanwhile. */
export const disturbed = (times: readonly Pick<ContestantResult, "milliseconds" | "cpuMilliseconds">[]): boolean =>
  times.some(({ milliseconds, cpuMilliseconds = milliseconds }) => cpuMilliseconds < UNDISTURBED * milliseconds);

export function profileText({ network, bits, tier, layers }: ProfileResult["profiles"][number]): string {
  const rows = layers.map(({ name, kernels, flush, milliseconds, multiplyAdds, gmacPerSecond }) => [
    name,
    milliseconds.toFixed(3),
    millions(multiplyAdds),
    multiplyAdds === 0 ? "" : gmacPerSecond.toFixed(1),
    kernels.join(" "),
    flush ?? "",
  ]);
  const total = layers.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const work = layers.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
  return [
    `${network} W${bits}A${bits}, ${tier}: ${total.toFixed(2)} ms, ${(work / 1e6 / total).toFixed(1)} GMAC/s`,
    "",
    table(["layer", "ms", "M mult-adds", "GMAC/s", "kernels", "flush every"], rows),
  ].join("\n");
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
