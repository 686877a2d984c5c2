/** @file Losses of a training step. */

export { type CrossEntropyOptions, crossEntropyLoss } from "./cross-entropy.js";
export type { Loss, LossContext } from "./definition.js";
export { distillationLoss } from "./distillation.js";
export { squaredErrorLoss } from "./squared-error.js";
export { type LossTerm, weightedLoss } from "./weighted.js";
