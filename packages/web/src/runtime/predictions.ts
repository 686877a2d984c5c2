/** @file Ranked classes from logits. */

import { classProbabilities, type Prediction, type Probabilities } from "@subbyte/engine";

/** Number of classes that are kept: enough for all ten digits, and more than a table cell shows. */
export const keptClasses = 10;

/** The likeliest classes, best first; equal logits rank by index, as the engine ranks them. */
export function ranked(
  logits: Float32Array,
  labels: readonly string[] | undefined,
  kind: Probabilities = "softmax",
): Prediction[] {
  const probabilities = classProbabilities(logits, kind);
  return Array.from(logits.keys())
    .sort((a, b) => logits[b]! - logits[a]! || a - b)
    .slice(0, keptClasses)
    .map((index) => ({ index, label: labels?.[index] ?? `class ${index}`, probability: probabilities[index]! }));
}
