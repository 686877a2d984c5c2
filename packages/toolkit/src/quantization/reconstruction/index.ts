/** @file Learned rounding and scales: block reconstruction and AdaRound. */

export { adaroundDefaults, type ReconstructionOptions, reconstructionDefaults } from "./options.js";
export type { LearningLimits } from "./plan.js";
export type { ReconstructionProgress } from "./progress.js";
export { type CheckpointOptions, type ReconstructionRun, reconstruct } from "./reconstruct.js";
