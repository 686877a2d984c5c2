/** @file Turns logits into ranked classes. */

import { checkArgument, type Expectation, isObject, oneOf, positiveInteger } from "./arguments.js";
import type { Probabilities } from "./program/program.js";

/** One class and its probability. */
export interface Prediction {
  /** Index of the class, from 0. */
  readonly index: number;
  /** The class's name; absent if the file has no names. */
  readonly label?: string;
  /**
   * In [0, 1]: the softmax over the logits, or the sigmoid of this class's logit if the model decides each class independently.
   */
  readonly probability: number;
}

/** The names of a model's classes, and how its outputs become probabilities. */
interface Classes {
  readonly labels?: readonly string[];
  readonly probabilities: Probabilities;
}

const logitArray: Expectation = {
  expected: "a Float32Array of logits",
  holds: (value) => value instanceof Float32Array && value.length > 0,
};

/**
 * Softmax in float64, shifted by the largest logit so that nothing overflows. @throws {InputError} if `logits` is not a
 * Float32Array, or is empty
 */
export function softmax(logits: Float32Array): Float64Array {
  checkArgument("logits", logits, logitArray);
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) largest = Math.max(largest, logit);
  const exponentials = new Float64Array(logits.length);
  let sum = 0;
  for (const [i, logit] of logits.entries()) {
    exponentials[i] = Math.exp(logit - largest);
    sum += exponentials[i]!;
  }
  return exponentials.map((value) => value / sum);
}

const probabilityKind = oneOf("softmax", "sigmoid");

/**
 * The class probabilities of logits, in float64, of the given kind.
 * @throws {InputError} if `logits` is not a Float32Array or is empty, or if the kind is unknown
 */
export function classProbabilities(logits: Float32Array, kind: Probabilities): Float64Array {
  checkArgument("kind", kind, probabilityKind);
  if (kind === "softmax") return softmax(logits);
  checkArgument("logits", logits, logitArray);
  return Float64Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit)));
}

const classes: Expectation = {
  expected: "{ labels, probabilities }",
  holds: (value) =>
    isObject(value) && (!("labels" in value) || value.labels === undefined || Array.isArray(value.labels)),
};

/**
 * The likeliest classes, best first; equal logits rank by index.
 * @throws {InputError} if `topK` is not a positive integer, or if another argument has a wrong type
 */
export function rank(logits: Float32Array, topK: number, model: Classes): Prediction[] {
  checkArgument("topK", topK, positiveInteger);
  checkArgument("model", model, classes);
  const { labels, probabilities: kind } = model;
  const probabilities = classProbabilities(logits, kind);
  return largest(logits, topK).map((index) => ({
    index,
    ...(labels === undefined ? {} : { label: labels[index]! }),
    probability: probabilities[index]!,
  }));
}

/** Up to this number of classes, keeping a sorted list is faster than sorting all. */
const fewClasses = 64;

/** Indices of the `count` largest logits, largest first; equal ones by index. */
function largest(logits: Float32Array, count: number): readonly number[] {
  const isBefore = (a: number, b: number) => logits[a]! > logits[b]! || (logits[a] === logits[b] && a < b);
  if (count > fewClasses)
    return Array.from(
      Uint32Array.from(logits.keys())
        .sort((a, b) => (isBefore(a, b) ? -1 : 1))
        .subarray(0, count),
    );
  const best: number[] = [];
  for (let i = 0; i < logits.length; i++) {
    if (best.length === count && !isBefore(i, best[count - 1]!)) continue;
    let at = best.length;
    while (at > 0 && isBefore(i, best[at - 1]!)) at--;
    best.splice(at, 0, i);
    if (best.length > count) best.pop();
  }
  return best;
}
