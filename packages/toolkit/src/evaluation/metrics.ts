/**
 * @file Accuracy from logits. The same code is used for the integer engine and ONNX Runtime: equal logits rank by class index
 * everywhere, and NaN ranks below every number and is never a correct answer.
 */

import type { Probabilities } from "@subbyte/engine";

/** Sums over images; `finish` of `evaluateClassifier` divides them. */
export interface ClassifierCounts {
  images: number;
  correct: number;
  /** Images whose label is among the first `min(5, classes)`. */
  correctTop5: number;
  /** Sum of the cross-entropies, in nats. */
  loss: number;
  /** Images for which only the label has a probability above one half; used if classes are independent. */
  exact: number;
  /** `[classes · classes]` row-major: row the label, column the predicted class. */
  readonly confusion: Uint32Array;
  readonly classes: number;
}

export const emptyCounts = (classes: number): ClassifierCounts => ({
  images: 0,
  correct: 0,
  correctTop5: 0,
  loss: 0,
  exact: 0,
  confusion: new Uint32Array(classes * classes),
  classes,
});

/** Index of the largest logit of one image; the lower index if several are equal. */
export function argMax(logits: ArrayLike<number>, offset: number, classes: number): number {
  let best = 0;
  for (let c = 1; c < classes; c++) {
    const value = logits[offset + c]!;
    if (value > logits[offset + best]! || (Number.isNaN(logits[offset + best]!) && !Number.isNaN(value))) best = c;
  }
  return best;
}

/** Number of classes that rank before `label`: 0 if it is the answer, `classes` if its logit is NaN. */
export function rankOf(logits: ArrayLike<number>, offset: number, classes: number, label: number): number {
  const value = logits[offset + label]!;
  if (Number.isNaN(value)) return classes;
  let rank = 0;
  for (let c = 0; c < classes; c++) {
    const other = logits[offset + c]!;
    if (other > value || (other === value && c < label)) rank++;
  }
  return rank;
}

/** −log softmax(logits)[label] in float64, relative to the largest logit, so that no exponential overflows. */
export function crossEntropy(logits: ArrayLike<number>, offset: number, classes: number, label: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) max = Math.max(max, logits[offset + c]!);
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += Math.exp(logits[offset + c]! - max);
  return Math.log(sum) + max - logits[offset + label]!;
}

/**
 * Mean over the classes of the cross-entropy if each class is decided independently: −log σ(logit) for the label, −log(1 −
 * σ(logit)) for the others, in float64.
 */
function binaryCrossEntropy(logits: ArrayLike<number>, offset: number, classes: number, label: number): number {
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    const logit = logits[offset + c]!;
    sum += Math.max(logit, 0) - (c === label ? logit : 0) + Math.log1p(Math.exp(-Math.abs(logit)));
  }
  return sum / classes;
}

/** Whether only the label's logit is above 0. */
function isExact(logits: ArrayLike<number>, offset: number, classes: number, label: number): boolean {
  for (let c = 0; c < classes; c++) if (logits[offset + c]! > 0 !== (c === label)) return false;
  return true;
}

/** Adds a batch: `logits` `[N, classes]` row-major, `labels` `[N]`. Writes each predicted class to `predictions`. */
export function addBatch(
  counts: ClassifierCounts,
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  predictions: Int32Array,
  probabilities: Probabilities = "softmax",
): void {
  const { classes } = counts;
  for (let i = 0; i < labels.length; i++) {
    const offset = i * classes;
    const label = labels[i]!;
    const rank = rankOf(logits, offset, classes, label);
    const predicted = argMax(logits, offset, classes);
    predictions[counts.images] = predicted;
    counts.images++;
    if (rank === 0) counts.correct++;
    if (rank < Math.min(5, classes)) counts.correctTop5++;
    const entropy = probabilities === "softmax" ? crossEntropy : binaryCrossEntropy;
    counts.loss += entropy(logits, offset, classes, label);
    if (isExact(logits, offset, classes, label)) counts.exact++;
    counts.confusion[label * classes + predicted]!++;
  }
}
