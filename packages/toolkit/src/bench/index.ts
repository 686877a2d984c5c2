/** @file Speed, ours and that of others. */

export {
  type BenchTier,
  benchNetworks,
  type Comparison,
  type ComparisonOptions,
  comparisonKey,
  comparisons,
  type NetworkChoice,
  networkKey,
} from "./comparison.js";
export { benchEngine, type ContestantResult, type EngineBench, type EngineBenchOptions } from "./engine-bench.js";
