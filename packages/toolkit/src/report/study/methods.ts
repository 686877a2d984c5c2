/** @file Describes the methods of a study in words, and orders them by what they do. */

import type { FinishedRun } from "../../study/merge.js";
import type { Case } from "./cases.js";

/** A description of each method, from the simplest method to the most thorough one. */
const meanings: Readonly<Record<string, string>> = {
  minmax: "ranges by minimum and maximum",
  movingaverage: "ranges by moving averages of minimum and maximum",
  percentile: "ranges by percentiles",
  kl: "ranges by divergence",
  mse: "ranges by least squared error",
  l24: "ranges by the error to the power of 2.4",
  auto: "the cheapest method that suffices",
  adaround: "learned rounding, layer by layer",
  reconstruct: "learned rounding and scales, block by block",
  qat: "quantization-aware training",
};
const ORDER = Object.keys(meanings);

/** One of the names above, by the options of the runs, or by the method's own name if all runs were imported. */
function kindOf(name: string, runs: readonly FinishedRun[]): string {
  if (runs.some(({ steps, stage }) => stage !== undefined || steps[0]?.task === "qat")) return "qat";
  const methods = runs.flatMap(({ steps }) => (steps[0]?.task === "quantize" ? [String(steps[0].options.method)] : []));
  return methods[0] ?? name;
}

/** Describes a method; undefined if neither its runs nor its name tell what it is. */
export function methodMeaning(name: string, cases: readonly Case[]): string | undefined {
  const points = cases.flatMap((each) => each.points.filter(({ method }) => method === name));
  const kind = kindOf(
    name,
    points.flatMap(({ runs }) => runs),
  );
  return meanings[kind];
}

/**
 * The place of a method in a fixed order: ranges, learned rounding, quantization-aware training. A method that is not known comes
 * first.
 */
export const thoroughness = (name: string, runs: readonly FinishedRun[]): number => ORDER.indexOf(kindOf(name, runs));

/** Whether the network was trained with quantization. */
export const isTrained = (name: string, runs: readonly FinishedRun[]): boolean => kindOf(name, runs) === "qat";

/** Whether nothing was learned: the method chose the ranges of the numbers, and no more. */
export const choosesRangesAlone = (name: string, runs: readonly FinishedRun[]): boolean =>
  meanings[kindOf(name, runs)]?.startsWith("ranges") === true;
