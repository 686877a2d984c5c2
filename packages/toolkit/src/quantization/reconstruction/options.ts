/** @file The hyperparameters of reconstruction. */

import { requireNumber } from "../../require-number.js";

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
  /** Whether to learn from the horizontally flipped calibration images, too. Not for networks that read digits or text. */
  readonly mirror: boolean;
  /** `"block"` learns all layers of a block together, `"layer"` one layer after the other, as AdaRound does. */
  readonly unit: "block" | "layer";
  /** Adam steps on the whole network after the blocks, against the float network's outputs. Weight codes stay fixed. 0 (the default) skips this pass. */
  readonly endToEnd: number;
  /** Images per step on the whole network. */
  readonly endToEndBatchSize: number;
  /** Learning rate of that pass for scales and biases, with cosine decay to 0. */
  readonly endToEndRate: number;
  /** Softmax temperature of both distributions that the pass compares. */
  readonly temperature: number;
  /** Whether that pass learns from shifted and mixed variations of the images instead of the images themselves. */
  readonly vary: boolean;
}

/**
 * Fewer iterations with higher rates than in the papers, which take 20,000: Nagel et al. 2020 (AdaRound, arXiv:2004.10568), Li
 * et al. 2021 (BRECQ, arXiv:2102.05426), Wei et al. 2022 (QDrop, arXiv:2203.05740). They were chosen by the error of single
 * blocks of ResNet-20 at 3 bits, on images from which the blocks had not learned. Smaller batches with more iterations, a
 * stronger regularizer and higher rates each reduced this error. The drop increased it, because a thousand images do not
 * overfit so few parameters. Mirror images, and at 3 bits steps on the whole network with variations of the images, reduced the
 * divergence of the network's outputs. Learning codes on the whole network, variations for blocks, and 5,000 steps per block
 * did not. `methods.ts` decides which network gets the pass over the whole network.
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

/** AdaRound: only rounding is learned, layer by layer, on inputs that are always quantized. */
export const adaroundDefaults: ReconstructionOptions = {
  ...reconstructionDefaults,
  scaleRate: 0,
  biasRate: 0,
  stepRate: 0,
  unit: "layer",
};

/** @throws {UsageError} that names the option out of its range */
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
    requireNumber(name, value, "a whole number from 1");
  requireNumber("endToEnd", endToEnd, "a whole number from 0");
  requireNumber("temperature", temperature, "a number above 0");
  for (const name of ["roundingRate", "scaleRate", "biasRate", "stepRate", "endToEndRate"] as const)
    requireNumber(name, options[name], "a number in [0, 1)");
  requireNumber("warmup", warmup, "a number from 0 to 1");
  requireNumber("drop", drop, "a number from 0 to 1");
  requireNumber("regularization", regularization, "a number from 0");
  for (const each of beta) requireNumber("beta", each, "a number from 1");
}
