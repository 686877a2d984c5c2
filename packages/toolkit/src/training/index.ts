/** @file Training: optimizers, schedules, steps, the loop. */

export type { EpochRecord } from "./checkpoint.js";
export * from "./optimizers/index.js";
export * from "./parameters.js";
export type { TrainProgress } from "./progress.js";
export * from "./schedules.js";
export { buildTrainingStep, type StepResult, type TrainingStep, type TrainingStepOptions } from "./step.js";
export { buildStepGraph, type StepGraph, type StepOptions } from "./step-graph.js";
export { type TrainOptions, type TrainResult, train } from "./train.js";
