/** @file From logits to ranked classes. */

import { InputError } from "./errors.js";

export interface Prediction {
  readonly index: number;
  /** The class's name, where the file has names. */
  readonly label?: string;
  /** Softmax of the logits, in [0, 1]. */
  readonly probability: number;
}

/** Softmax in float64, shifted by the largest logit so that nothing overflows. */
export function softmax(logits: Float32Array): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/**
 * The likeliest classes, best first; equal logits rank by index.
 * @throws {InputError} where `topK` is no positive integer.
 */
export function rank(logits: Float32Array, topK: number, labels: readonly string[] | undefined): Prediction[] {
  if (!(Number.isInteger(topK) && topK >= 1))
    throw new InputError(
      "engine-argument",
      { argument: "topK", found: topK, expected: "a positive integer" },
      `topK must be a positive integer, is ${topK}`,
    );
  const probabilities = softmax(logits);
  const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
  return order.slice(0, topK).map((index) => ({
    index,
    ...(labels === undefined ? {} : { label: labels[index]! }),
    probability: probabilities[index]!,
  }));
}
