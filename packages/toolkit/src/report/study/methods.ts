/** @file Describes the methods of a study in words. */

import type { Case } from "./cases.js";

const meanings: Readonly<Record<string, string>> = {
  minmax: "ranges by minimum and maximum",
  movingaverage: "ranges by moving averages of minimum and maximum",
  percentile: "ranges by percentiles",
  kl: "ranges by divergence",
  mse: "ranges by least squared error",
  l24: "ranges by the error to the power of 2.4",
  adaround: "learned rounding, layer by layer",
  reconstruct: "learned rounding and scales, block by block",
  auto: "the cheapest method that suffices",
};

/**
 * Describes a method by the options of its runs, or by its name if all runs were imported; undefined if neither is
 * enough.
 */
export function methodMeaning(name: string, cases: readonly Case[]): string | undefined {
  const runs = cases
    .flatMap(({ points }) => points.filter(({ method }) => method === name))
    .flatMap((point) => point.runs);
  if (runs.some(({ steps, stage }) => stage !== undefined || steps[0]?.task === "qat") || name === "qat")
    return "quantization-aware training";
  const method = runs.flatMap(({ steps }) =>
    steps[0]?.task === "quantize" ? [String(steps[0].options.method)] : [],
  )[0];
  return meanings[method ?? name];
}
