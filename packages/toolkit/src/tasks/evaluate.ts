/** @file The task `evaluate`: accuracy of a model on a data set. */

import type { ImageSet, ImageSplit } from "../data/index.js";
import { UsageError } from "../errors.js";
import { type ClassifierResult, evaluateClassifier } from "../evaluation/index.js";
import { writeFileAtomic } from "../files.js";
import { modelBytes, type OpenedModel } from "../model-file/index.js";
import { probabilitiesOf, requireClasses } from "./classes.js";
import { classifierOf } from "./classifier.js";
import { warnOfWrongReading } from "./diagnosis.js";
import { openImagesFor } from "./images.js";
import { openTaskModel } from "./model.js";
import { type Preparation, prepareImages } from "./preprocessing.js";
import { defineTask } from "./run.js";

/** Result of the task `evaluate`. */
export interface EvaluateResult extends Omit<ClassifierResult, "predictions" | "labels"> {
  readonly model: string;
  /** Hash of the model's file, hexadecimal. */
  readonly sha256: string;
  readonly fileBytes: number;
  readonly data: string;
  readonly split: ImageSplit;
  /**
   * If the model has more classes than the images: per label, the number of images that it assigned to one of the
   * other classes.
   */
  readonly others?: readonly number[];
  readonly preparation: Preparation;
  readonly notes: readonly string[];
  /** Warnings, such as an accuracy near chance. */
  readonly warnings: readonly string[];
}

/** The task `evaluate`: accuracy of a model file on a data set. */
export const evaluateModel = defineTask("evaluate", async (options, run): Promise<EvaluateResult> => {
  const model = await openTaskModel(options.model, options, run);
  const preparation = prepareImages(model, options, run);
  if (options.simulate !== undefined && model.kind === "float")
    throw new UsageError(
      "wrong-model-kind",
      { file: model.path, option: "simulate", expected: "quantized" },
      `\`simulate\` ${options.simulate}: ${model.path} is a float network; only a .sbq can be simulated.`,
    );
  const opened = await openImagesFor(preparation, "evaluation", options, run);
  const { images } = requireClasses(model, opened, options, run);
  const classifier = await classifierOf(model, preparation.preprocessing, options);
  run.phase("evaluating");
  const { predictions, labels, ...figures } = await evaluateClassifier(classifier.classify, images, {
    signal: run.signal,
    batchSize: options.batch,
    probabilities: probabilitiesOf(model),
    onProgress: ({ images: done, of, top1, imagesPerSecond }) =>
      run.progress(done, of, { unit: "images", figures: { accuracy: top1, imagesPerSecond } }),
  }).finally(() => classifier.close());
  if (options.predictions !== undefined)
    await writeFileAtomic(options.predictions, predictionsJson({ predictions, labels }, model, images));
  await warnOfWrongReading(model, preparation, images, figures, options, run);
  const { name: data, split, notes } = images;
  return {
    model: model.path,
    sha256: model.sha256,
    fileBytes: modelBytes(model),
    data,
    split,
    ...figures,
    ...amongLabels(figures),
    preparation,
    notes,
    warnings: run.warnings,
  };
});

type Confusion = Pick<ClassifierResult, "classes" | "confusion">;

/** The confusion matrix of the classes that have images, if some classes have none. */
function amongLabels({ classes, confusion }: Confusion): Confusion & Pick<EvaluateResult, "others"> {
  const labels = classes.map((_, label) => label).filter((label) => confusion[label]!.some((count) => count > 0));
  if (labels.length === classes.length) return { classes, confusion };
  const rows = labels.map((label) => labels.map((predicted) => confusion[label]![predicted]!));
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  return {
    classes: labels.map((label) => classes[label]!),
    confusion: rows,
    others: labels.map((label, i) => sum(confusion[label]!) - sum(rows[i]!)),
  };
}

/** Class indices in the order of the images, which is the same for every model at the same size. */
const predictionsJson = (
  { predictions, labels }: Pick<ClassifierResult, "predictions" | "labels">,
  model: OpenedModel,
  { name, split, classes }: ImageSet,
): string =>
  `${JSON.stringify({ model: model.path, data: name, split, classes, labels: [...labels], predictions: [...predictions] })}\n`;
