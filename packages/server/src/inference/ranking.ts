/** @file Outputs of a classifier as ranked classes. */

import { classProbabilities, type Probabilities } from "@subbyte/engine";

export interface RankedClass {
  readonly index: number;
  /** The class's name, or its index if the model has no names. */
  readonly label: string;
  /** Probability of the class, in [0, 1]. */
  readonly confidence: number;
}

/** The names of a model's classes, and how its outputs become probabilities. */
interface Classes {
  readonly labels?: readonly string[];
  readonly probabilities?: Probabilities;
}

/** The likeliest classes, best first; equal ones rank by index. */
export function rankClasses(
  values: Float32Array,
  topK: number,
  { labels, probabilities: kind }: Classes,
): RankedClass[] {
  const isGiven = kind === undefined && isDistribution(values);
  const probabilities = isGiven ? values : classProbabilities(values, kind ?? "softmax");
  const order = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b);
  return order
    .slice(0, topK)
    .map((index) => ({ index, label: labels?.[index] ?? String(index), confidence: probabilities[index]! }));
}

/** Whether values are probabilities already, as those of ONNX networks that end in a softmax. */
function isDistribution(values: Float32Array): boolean {
  let sum = 0;
  for (const value of values) {
    if (!(value >= 0 && value <= 1)) return false;
    sum += value;
  }
  // float32 sums of up to some thousand probabilities, each rounded once.
  return values.length > 1 && Math.abs(sum - 1) < 1e-3;
}
