/** @file The hyperparameters of reconstruction. */

import { UsageError } from "../../errors.js";

export interface ReconstructionOptions {
  /** Steps of Adam for each block. */
  readonly iterations: number;
  /** Images a step. */
  readonly batchSize: number;
  /** Learning rate of the rounding variables, constant; 0 leaves weights at nearest rounding. */
  readonly roundingRate: number;
  /** Of the logarithms of weight scales, cosine to 0; 0 leaves them as they are. */
  readonly scaleRate: number;
  /** Of biases, cosine to 0; 0 leaves them as they are. */
  readonly biasRate: number;
  /** Of the logarithms of activation steps below 8 bits, cosine to 0; 0 leaves them as they are. */
  readonly stepRate: number;
  /** Weight of the regularizer that drives rounding variables to 0 or 1. */
  readonly regularization: number;
  /** Share of the iterations before the regularizer sets in. */
  readonly warmup: number;
  /** Its exponent at the beginning and at the end, linear between. */
  readonly beta: readonly [number, number];
  /** Probability that an activation keeps its float value for one step (QDrop); 0 always quantizes. */
  readonly drop: number;
  /** Learns whole blocks; `"layer"` learns one layer after the other, as AdaRound does. */
  readonly unit: "block" | "layer";
}

/**
 * Rates are ten times those of the papers, which take 20,000 iterations where these take few: Nagel et al. 2020 (AdaRound,
 * arXiv:2004.10568), Li et al. 2021 (BRECQ, arXiv:2102.05426), Wei et al. 2022 (QDrop, arXiv:2203.05740).
 */
export const reconstructionDefaults: ReconstructionOptions = {
  iterations: 2000,
  batchSize: 32,
  roundingRate: 1e-2,
  scaleRate: 1e-3,
  biasRate: 1e-3,
  stepRate: 2e-3,
  regularization: 0.01,
  warmup: 0.2,
  beta: [20, 2],
  drop: 0.5,
  unit: "block",
};

/** AdaRound: rounding alone, layer by layer, on always quantized inputs. */
export const adaroundDefaults: ReconstructionOptions = {
  ...reconstructionDefaults,
  scaleRate: 0,
  biasRate: 0,
  stepRate: 0,
  drop: 0,
  unit: "layer",
};

/** @throws {UsageError} naming the option that is out of its range */
export function checkReconstruction(options: ReconstructionOptions): void {
  const { iterations, batchSize, warmup, drop, beta, regularization } = options;
  for (const [name, value] of Object.entries({ iterations, batchSize }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new UsageError(`reconstruction: ${name} must be a whole number of at least 1, got ${value}`);
  for (const name of ["roundingRate", "scaleRate", "biasRate", "stepRate"] as const)
    if (!(options[name] >= 0 && options[name] < 1))
      throw new UsageError(`reconstruction: ${name} must lie in [0, 1), got ${options[name]}`);
  if (!(warmup >= 0 && warmup <= 1)) throw new UsageError(`reconstruction: warmup must lie in [0, 1], got ${warmup}`);
  if (!(drop >= 0 && drop <= 1)) throw new UsageError(`reconstruction: drop must lie in [0, 1], got ${drop}`);
  if (!(regularization >= 0))
    throw new UsageError(`reconstruction: regularization must be at least 0, got ${regularization}`);
  if (!(beta[0] >= 1 && beta[1] >= 1)) throw new UsageError(`reconstruction: beta must be at least 1, got ${beta}`);
}
