/** @file Evaluates the test images of a training once, at its end. */

import type { ImageSet, OpenOptions } from "../data/index.js";
import { DataError } from "../errors.js";
import { type Classify, evaluateClassifier, type TestAccuracy } from "../evaluation/index.js";
import type { Run } from "./run.js";

/**
 * @param open opens the images of a split
 * @returns undefined, with a note, if the data has only training images; undefined, with a warning, if the test images cannot
 * be used, for example because they are damaged. The trained network is worth keeping nevertheless
 */
export async function testAccuracy(
  open: (split: OpenOptions["split"]) => Promise<ImageSet>,
  classifierFor: (images: ImageSet) => Promise<{ readonly classify: Classify; close(): Promise<void> }>,
  run: Run,
): Promise<TestAccuracy | undefined> {
  let images: ImageSet;
  try {
    images = await open("evaluation");
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    if (error.code === "missing-split")
      run.note("the data has no test images: only the accuracy on held-out training images is known");
    else run.warning(`accuracy on the test images is not known: ${error.message}`);
    return undefined;
  }
  const classifier = await classifierFor(images);
  run.phase("evaluating");
  const { top1, images: count } = await evaluateClassifier(classifier.classify, images, {
    signal: run.signal,
    onProgress: ({ images: done, of, top1: accuracy }) =>
      run.progress(done, of, { unit: "images", figures: { accuracy } }),
  }).finally(() => classifier.close());
  return { split: images.split, images: count, top1 };
}
