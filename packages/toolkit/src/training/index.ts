/** @file Training: optimizers, schedules, steps, the loop. */

export {
  buildTrainingStep,
  type TrainingBatch,
  type TrainingStep,
  type TrainingStepOptions,
} from "./classifier-step.js";
export {
  buildClassifierStepGraph,
  type ClassifierStepGraph,
  type ClassifierStepOptions,
} from "./classifier-step-graph.js";
export { parseTrainingLog } from "./log.js";
export * from "./losses/index.js";
export * from "./optimizers/index.js";
export * from "./parameters.js";
export type { EpochRecord } from "./position.js";
export type { TrainProgress } from "./progress.js";
export * from "./schedules.js";
export { createStep, type Step, type StepFeeds, type StepResult, type StepTime } from "./step.js";
export { buildStepGraph, type StepDefinition, type StepGraph, type StepParameter } from "./step-graph.js";
export { train } from "./train.js";
export type { TrainOptions, TrainResult } from "./train-options.js";
