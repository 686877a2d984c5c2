/** @file The task `evaluate`: accuracy of a model on a data set. */

import type { ImageSet, Split } from "../data/index.js";
import { UsageError } from "../errors.js";
import { type ClassifierResult, evaluateClassifier } from "../evaluation/index.js";
import { writeFileAtomic } from "../files.js";
import type { OpenedModel } from "../model-file/index.js";
import { classifierOf } from "./classifier.js";
import { openImagesFor, requireSameClasses } from "./images.js";
import { openTaskModel } from "./model.js";
import { preprocessingOf } from "./preprocessing.js";
import { defineTask } from "./run.js";

export interface EvaluateResult extends Omit<ClassifierResult, "predictions" | "labels"> {
  readonly model: string;
  /** Of the model's file, hexadecimal. */
  readonly sha256: string;
  readonly fileBytes: number;
  readonly data: string;
  readonly split: Split;
  readonly notes: readonly string[];
}

export const evaluateModel = defineTask("evaluate", async (options, run): Promise<EvaluateResult> => {
  const model = await openTaskModel(options.model, options);
  const preprocessing = preprocessingOf(model, options);
  if (options.simulate !== undefined && model.kind === "float")
    throw new UsageError(
      "wrong-model-kind",
      { file: model.path, option: "simulate", expected: "quantized" },
      `\`simulate\` ${options.simulate}: ${model.path} is a float network; only a .sbq can be simulated.`,
    );
  const images = await openImagesFor(preprocessing, "evaluation", options, run);
  requireSameClasses(model, images);
  const classifier = await classifierOf(model, preprocessing, options);
  run.phase("evaluating");
  const { predictions, labels, ...figures } = await evaluateClassifier(classifier.classify, images, {
    signal: run.signal,
    batchSize: options.batch,
    onProgress: ({ images: done, of, top1, imagesPerSecond }) =>
      run.progress(done, of, { unit: "images", figures: { accuracy: top1, imagesPerSecond } }),
  }).finally(() => classifier.close());
  if (options.predictions !== undefined)
    await writeFileAtomic(options.predictions, predictionsJson({ predictions, labels }, model, images));
  const { name: data, split, notes } = images;
  return {
    model: model.path,
    sha256: model.sha256,
    fileBytes: model.bytes.length,
    data,
    split,
    ...figures,
    notes,
  };
});

/** Class indices in the order of the images, which is the same for every model at the same size. */
const predictionsJson = (
  { predictions, labels }: Pick<ClassifierResult, "predictions" | "labels">,
  model: OpenedModel,
  { name, split, classes }: ImageSet,
): string =>
  `${JSON.stringify({ model: model.path, data: name, split, classes, labels: [...labels], predictions: [...predictions] })}\n`;
