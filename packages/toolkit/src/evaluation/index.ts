/** @file Accuracy of classifiers. */

export { isClearlyAbove, isClearlyBetter, isNearChance } from "./chance.js";
export { reorderedAccuracy } from "./class-order.js";
export * from "./evaluate.js";
export { evaluateGraph } from "./evaluate-graph.js";
export { type FloatClassifier, type FloatClassifierOptions, floatClassifier } from "./float-classifier.js";
export { type IntegerClassifier, type IntegerClassifierOptions, integerClassifier } from "./integer-classifier.js";
export { argMax, crossEntropy, rankOf } from "./metrics.js";
export { type Reading, TRIAL_IMAGES, type Trial, tryReadings } from "./trials.js";
