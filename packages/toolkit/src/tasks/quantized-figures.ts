/**
 * @file Compares a new `.sbq` with the float network: the predictions of both, and the time that the integer engine
 * takes.
 */

import { type ModelTime, timeModel } from "../bench/index.js";
import type { ImageSet } from "../data/index.js";
import { defined } from "../defined.js";
import { integerClassifier } from "../evaluation/index.js";
import { type Check, type CheckChoice, type Closeness, checkBatches, joined } from "../quantization/check.js";
import type { Run } from "./run.js";

/**
 * The images on which networks are compared: training images that were not used for calibration (`"held-out"`), the calibration
 * images if there are too few of those, or images made from batch-norm statistics.
 */
export type ShownImages = "held-out" | "calibration" | "made";

export interface QuantizedFigures extends Closeness {
  /** Accuracy of the float network on the same images; absent if the labels are not its classes. */
  readonly floatTop1?: number;
  readonly images: number;
  readonly shown: ShownImages;
}

/** The engine's answers to the images of a check, compared with the float network's. */
export async function quantizedFigures(
  sbq: Uint8Array,
  check: Check,
  images: ImageSet,
  { threads, made, ...choice }: CheckChoice & { readonly threads?: number | undefined; readonly made: boolean },
  run: Run,
): Promise<QuantizedFigures> {
  const classifier = await integerClassifier(sbq, defined({ threads }));
  const count = check.images.labels.length;
  run.phase("evaluating");
  const logits: Float32Array[] = [];
  try {
    let done = 0;
    for await (const batch of checkBatches(images, choice)) {
      run.signal.throwIfAborted();
      logits.push(await classifier.classify(batch));
      done += batch.count;
      run.progress(done, count, { unit: "images" });
    }
  } finally {
    await classifier.close();
  }
  return {
    ...check.compare(joined(logits)),
    ...defined({ floatTop1: check.floatTop1 }),
    images: count,
    shown: made ? "made" : check.images.disjoint ? "held-out" : "calibration",
  };
}

/** Turns of the time measurement at the end of a task, each of a tenth of a second or one image. */
const TURNS = 5;

/** Time of one image on one thread of the engine. */
export function imageTime(sbq: Uint8Array, run: Run): Promise<ModelTime> {
  run.phase("measuring");
  return timeModel(sbq, { turns: TURNS, signal: run.signal });
}
