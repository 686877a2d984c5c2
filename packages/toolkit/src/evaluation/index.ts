/** @file Accuracy of classifiers. */

export * from "./evaluate.js";
export { argMax, crossEntropy, rankOf } from "./metrics.js";
