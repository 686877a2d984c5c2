/** @file Evaluates any function from a batch of images to logits: ONNX Runtime, the integer engine, a server. */

import type { Probabilities } from "@subbyte/engine";
import type { Batch, ImageSet, ImageSplit } from "../data/types.js";
import { DataError, InterruptedError } from "../errors.js";
import { addBatch, type ClassifierCounts, emptyCounts } from "./metrics.js";

/** Logits `[N, classes]`, row-major, of a batch. */
export type Classify = (batch: Batch) => Promise<Float32Array> | Float32Array;

/** Options of `evaluateClassifier`. */
export interface EvaluationOptions {
  /** Images per call; 64 by default. */
  readonly batchSize?: number;
  /** How probabilities come from logits; "softmax" by default. */
  readonly probabilities?: Probabilities;
  readonly signal?: AbortSignal;
  /** Called after each batch. */
  readonly onProgress?: (progress: EvaluationProgress) => void;
}

/** Progress of an evaluation; `of` is the number of all images. */
export interface EvaluationProgress {
  readonly images: number;
  readonly of: number;
  /** Top-1 accuracy so far, 0…1. */
  readonly top1: number;
  readonly imagesPerSecond: number;
}

/** Accuracy, loss and confusion of a classifier on a data set. */
export interface ClassifierResult {
  readonly images: number;
  /** Share of images whose likeliest class is the label, 0…1. */
  readonly top1: number;
  /** Share of images whose label is among the `topK` likeliest classes, 0…1. */
  readonly top5: number;
  /** 5, or the number of classes if there are fewer. */
  readonly topK: number;
  /** Mean cross-entropy per image in nats; if classes are independent, averaged over the classes as well. */
  readonly loss: number;
  /** Share of images for which only the label is above one half; for models that decide each class independently. */
  readonly exact?: number;
  /** `confusion[label][predicted]`: number of images. */
  readonly confusion: readonly (readonly number[])[];
  readonly classes: readonly string[];
  /** The likeliest class of each image, in the set's order. */
  readonly predictions: Int32Array;
  /** The label of each image, in the same order. */
  readonly labels: Int32Array;
  /** Images per second of `classify`, without waiting for images. */
  readonly imagesPerSecond: number;
  /** Wall time of the whole evaluation. */
  readonly seconds: number;
}

/** Accuracy on the test images of a data set. */
export interface TestAccuracy {
  readonly split: ImageSplit;
  readonly images: number;
  /** Accuracy, 0…1. */
  readonly top1: number;
}

/**
 * Runs `classify` over all images in order.
 *
 * @throws {DataError} if the set is empty, or the model has another number of classes than the images.
 * @throws {InterruptedError} if `signal` fires, after the current batch.
 */
export async function evaluateClassifier(
  classify: Classify,
  images: ImageSet,
  options: EvaluationOptions = {},
): Promise<ClassifierResult> {
  const { batchSize = 64, probabilities = "softmax", signal, onProgress } = options;
  if (images.length === 0)
    throw new DataError(
      "no-images",
      { source: images.name, split: images.split },
      `"${images.name}" has no ${images.split} images to evaluate on`,
    );
  const counts = emptyCounts(images.classes.length);
  const predictions = new Int32Array(images.length);
  const labels = new Int32Array(images.length);
  const start = performance.now();
  let busyMs = 0;
  for await (const batch of images.batches({ batchSize })) {
    const before = performance.now();
    const logits = await classify(batch);
    busyMs += performance.now() - before;
    checkClasses(logits, batch, images);
    labels.set(batch.labels.subarray(0, batch.count), counts.images);
    addBatch(counts, logits, batch.labels.subarray(0, batch.count), predictions, probabilities);
    onProgress?.({
      images: counts.images,
      of: images.length,
      top1: counts.correct / counts.images,
      imagesPerSecond: perSecond(counts.images, busyMs),
    });
    if (signal?.aborted)
      throw new InterruptedError(
        "interrupted",
        { images: counts.images },
        `evaluation stopped after ${counts.images} of ${images.length} images`,
      );
  }
  const answers = { predictions: predictions.subarray(0, counts.images), labels: labels.subarray(0, counts.images) };
  const result = summarize(counts, answers, images.classes, busyMs, performance.now() - start);
  return probabilities === "sigmoid" ? { ...result, exact: counts.exact / counts.images } : result;
}

function checkClasses(logits: Float32Array, batch: Batch, images: ImageSet): void {
  const classes = images.classes.length;
  if (logits.length === batch.count * classes) return;
  throw new DataError(
    "class-mismatch",
    { source: images.name, found: classes, expected: logits.length / batch.count },
    `the model gives ${logits.length / batch.count} logits per image, but "${images.name}" has ${classes} classes ` +
      `(${sample(images.classes)}); use the data that the model was trained for, or a model with ${classes} classes`,
  );
}

const sample = (names: readonly string[]): string =>
  names.length <= 4 ? names.join(", ") : `${names.slice(0, 3).join(", ")} … ${names.at(-1)}`;

const perSecond = (count: number, ms: number): number => (ms > 0 ? (count * 1000) / ms : 0);

function summarize(
  counts: ClassifierCounts,
  answers: Pick<ClassifierResult, "predictions" | "labels">,
  classes: readonly string[],
  busyMs: number,
  wallMs: number,
): ClassifierResult {
  const { images, correct, correctTop5, loss, confusion } = counts;
  return {
    images,
    top1: correct / images,
    top5: correctTop5 / images,
    topK: Math.min(5, classes.length),
    loss: loss / images,
    confusion: classes.map((_, label) => [...confusion.subarray(label * classes.length, (label + 1) * classes.length)]),
    classes,
    ...answers,
    imagesPerSecond: perSecond(images, busyMs),
    seconds: wallMs / 1000,
  };
}
