/** @file The hyperparameters of reconstruction. */

import { UsageError } from "../../errors.js";

/**
 * Hyperparameters of learned post-training quantization. Each block's rounding, scales, biases and steps are trained so that
 * the block's output on the calibration images comes close to that of the float network.
 */
export interface ReconstructionOptions {
  /** Adam steps per block. */
  readonly iterations: number;
  /** Largest number of images per step. */
  readonly batchSize: number;
  /** Largest product of images, height and width per step. A step always has at least one image. */
  readonly positions: number;
  /** Learning rate of the rounding variables, constant. 0 keeps round-to-nearest. */
  readonly roundingRate: number;
  /** Learning rate of the logarithms of the weight scales, with cosine decay to 0. 0 keeps the scales. */
  readonly scaleRate: number;
  /** Learning rate of the biases, with cosine decay to 0. 0 keeps the biases. */
  readonly biasRate: number;
  /** Learning rate of the logarithms of activation scales below 8 bits, with cosine decay to 0. 0 keeps the scales. */
  readonly stepRate: number;
  /** Weight of the regularizer that drives rounding variables to 0 or 1. */
  readonly regularization: number;
  /** Share of the iterations, 0 … 1, before the regularizer starts. */
  readonly warmup: number;
  /** The regularizer's exponent at the beginning and at the end, linear in between. */
  readonly beta: readonly [number, number];
  /** Probability that an activation keeps its float value for one step (QDrop); 0 always quantizes. */
  readonly drop: number;
  /** Also learns from the horizontally flipped calibration images. Not for networks that read digits or text. */
  readonly mirror: boolean;
  /** `"block"` learns all layers of a block together, `"layer"` one layer after the other, as AdaRound does. */
  readonly unit: "block" | "layer";
  /** Adam steps on the whole network after the blocks, against the float network's outputs. Weight codes stay fixed. 0 (the default) skips this pass. */
  readonly endToEnd: number;
  /** Images per step of that pass. */
  readonly endToEndBatchSize: number;
  /** Learning rate of that pass for scales and biases, with cosine decay to 0. */
  readonly endToEndRate: number;
  /** Softmax temperature of both distributions that the pass compares. */
  readonly temperature: number;
  /** Feeds that pass shifted and mixed variations of the images instead of the images themselves. */
  readonly vary: boolean;
}

/**
 * Fewer iterations with higher rates than those of the papers, which take 20,000: Nagel et al. 2020 (AdaRound, arXiv:2004.10568),
 * Li et al. 2021 (BRECQ, arXiv:2102.05426), Wei et al. 2022 (QDrop, arXiv:2203.05740). Chosen by the error of single blocks of
 * ResNet-20 at 3 bits on images that they did not learn from: smaller batches with more iterations, a stronger regularizer and higher
 * rates each lower it; the drop raises it (2.75 against 2.34), since a thousand images do not overfit so few parameters. Mirror images
 * lower the divergence of the whole network's outputs on training images beside those of calibration (every layer at 4 bits 0.047 →
 * 0.042, 3 bits 0.057 → 0.053). So do steps on the whole network at 3 bits, on variations of the images: 0.053 → 0.050 in 1,000 steps,
 * 0.054 without variations; where blocks had learned for a fifth of the time, 0.076 → 0.050 in 1,500. Learned there too, codes fitted
 * variations that were drawn once (0.065), and gained nothing from new ones in each step; nor do blocks from variations (0.057 → 0.061
 * and more) or from 5,000 steps (0.057). `methods.ts` says which network gets that pass.
 */
export const reconstructionDefaults: ReconstructionOptions = {
  iterations: 3000,
  batchSize: 16,
  positions: 16 * 32 * 32,
  roundingRate: 2e-2,
  scaleRate: 3e-3,
  biasRate: 3e-3,
  stepRate: 5e-3,
  regularization: 0.1,
  warmup: 0.2,
  beta: [20, 2],
  drop: 0,
  mirror: true,
  unit: "block",
  endToEnd: 0,
  endToEndBatchSize: 64,
  endToEndRate: 1e-3,
  temperature: 4,
  vary: true,
};

/** AdaRound: rounding alone, layer by layer, on always quantized inputs. */
export const adaroundDefaults: ReconstructionOptions = {
  ...reconstructionDefaults,
  scaleRate: 0,
  biasRate: 0,
  stepRate: 0,
  unit: "layer",
};

/** @throws {UsageError} naming the option that is out of its range */
export function checkReconstruction(options: ReconstructionOptions): void {
  const {
    iterations,
    batchSize,
    positions,
    warmup,
    drop,
    beta,
    regularization,
    endToEnd,
    endToEndBatchSize,
    temperature,
  } = options;
  for (const [name, value] of Object.entries({ iterations, batchSize, positions, endToEndBatchSize }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new UsageError(
        "option-value",
        { option: name, value, expected: "a whole number from 1" },
        `reconstruction: ${name} must be a whole number of at least 1, got ${value}`,
      );
  if (!(Number.isInteger(endToEnd) && endToEnd >= 0))
    throw new UsageError(
      "option-value",
      { option: "endToEnd", value: endToEnd, expected: "a whole number from 0" },
      `reconstruction: endToEnd must be a whole number of iterations, got ${endToEnd}`,
    );
  if (!(temperature > 0))
    throw new UsageError(
      "option-value",
      { option: "temperature", value: temperature, expected: "above 0" },
      `reconstruction: temperature must be above 0, got ${temperature}`,
    );
  for (const name of ["roundingRate", "scaleRate", "biasRate", "stepRate", "endToEndRate"] as const)
    if (!(options[name] >= 0 && options[name] < 1))
      throw new UsageError(
        "option-value",
        { option: name, value: options[name], expected: "[0, 1)" },
        `reconstruction: ${name} must lie in [0, 1), got ${options[name]}`,
      );
  if (!(warmup >= 0 && warmup <= 1))
    throw new UsageError(
      "option-value",
      { option: "warmup", value: warmup, expected: "[0, 1]" },
      `reconstruction: warmup must lie in [0, 1], got ${warmup}`,
    );
  if (!(drop >= 0 && drop <= 1))
    throw new UsageError(
      "option-value",
      { option: "drop", value: drop, expected: "[0, 1]" },
      `reconstruction: drop must lie in [0, 1], got ${drop}`,
    );
  if (!(regularization >= 0))
    throw new UsageError(
      "option-value",
      { option: "regularization", value: regularization, expected: "at least 0" },
      `reconstruction: regularization must be at least 0, got ${regularization}`,
    );
  if (!(beta[0] >= 1 && beta[1] >= 1))
    throw new UsageError(
      "option-value",
      { option: "beta", value: beta, expected: "at least 1" },
      `reconstruction: beta must be at least 1, got ${beta}`,
    );
}
