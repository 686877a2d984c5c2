/** @file Speed of the engine and of other runtimes. */

export type { BestPeer } from "./best-peers.js";
export { browserRuntimes } from "./browser.js";
export { raceInBrowser } from "./browser-race.js";
export {
  benchNetworks,
  type Comparison,
  type ComparisonOptions,
  comparisonKey,
  comparisons,
  contestantName,
  type NetworkChoice,
  networkKey,
} from "./comparison.js";
export { ownContestant, planarFloats } from "./contestants.js";
export { type Processor, processor, processorTime } from "./cpu.js";
export {
  benchEngine,
  type ContestantResult,
  type EngineBench,
  type EngineBenchOptions,
  type RunRace,
  raceHere,
} from "./engine-bench.js";
export { type FloatPeer, floatPeers } from "./float-peers.js";
export {
  type ImageTime,
  type ModelTime,
  type ModelTimeOptions,
  timeContestant,
  timeModel,
} from "./model-time.js";
export { smoothImages } from "./network.js";
export { type NetworkProfile, profileEngine } from "./profile.js";
export { findPytorch } from "./pytorch.js";
export type { Entry } from "./race.js";
export { correlation, median, medianRatio } from "./statistics.js";
export { benchTraining, type TrainingBench, type TrainingResult } from "./training-bench.js";
export { type TrainingNetwork, trainingNetworks, usualBatch } from "./training-networks.js";
export { profileTraining, type StepProfile } from "./training-profile.js";
export { type Contestant, type Measured, takeTurns } from "./turns.js";
