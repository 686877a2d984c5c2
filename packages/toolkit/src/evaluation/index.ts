/** @file Accuracy of classifiers. */

export * from "./evaluate.js";
export { evaluateGraph } from "./evaluate-graph.js";
export { type FloatClassifier, type FloatClassifierOptions, floatClassifier } from "./float-classifier.js";
export { type IntegerClassifier, type IntegerClassifierOptions, integerClassifier } from "./integer-classifier.js";
export { argMax, crossEntropy, rankOf } from "./metrics.js";
