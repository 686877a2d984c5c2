/** @file Accuracy of a float or fake-quantized graph on ONNX Runtime. */

import { expandForInference, type Graph } from "@subbyte/graph";
import type { ImageSet } from "../data/types.js";
import { type ClassifierResult, type EvaluationOptions, evaluateClassifier } from "./evaluate.js";
import { type FloatClassifierOptions, floatClassifier } from "./float-classifier.js";

/** @throws the errors of `evaluateClassifier` and `createSession` */
export async function evaluateGraph(
  graph: Graph,
  images: ImageSet,
  { batchSize, signal, onProgress, ...classifying }: EvaluationOptions & FloatClassifierOptions,
): Promise<ClassifierResult> {
  const { channels, height, width } = images;
  const classifier = await floatClassifier(expandForInference(graph), [channels, height, width], classifying);
  try {
    return await evaluateClassifier(classifier.classify, images, {
      ...(batchSize === undefined ? {} : { batchSize }),
      ...(signal ? { signal } : {}),
      ...(onProgress ? { onProgress } : {}),
    });
  } finally {
    await classifier.close();
  }
}
