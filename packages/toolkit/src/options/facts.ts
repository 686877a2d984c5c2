/** @file Names and defaults that the library and its options share. They are plain data, so that a page can load them. */

import type { OptimizerOptions } from "../training/optimizers/index.js";
import type { Schedule } from "../training/schedules.js";

/** Names of the built-in networks. */
export const architectureNames = [
  "resnet18",
  "resnet34",
  "resnet50",
  "resnet101",
  "resnet152",
  "resnet20",
  "resnet32",
  "resnet44",
  "resnet56",
  "resnet110",
  "resnet8",
  "mobilenet_v2",
] as const;

/** Methods that measure ranges, named after the rule for activations. */
export const rangeMethodNames = ["minmax", "movingaverage", "percentile", "kl", "mse", "l24"] as const;
/** Methods that learn the rounding of weights. */
export const learningMethodNames = ["adaround", "reconstruct"] as const;
/** All methods; `auto` uses the cheapest of the others that suffices. */
export const methodNames = ["auto", ...rangeMethodNames, ...learningMethodNames] as const;

/** Names of the update rules. */
export const optimizerNames = ["sgd", "adamw"] as const satisfies readonly OptimizerOptions["name"][];
/** How step sizes are learned in quantization-aware training: as in LSQ, by PACT's bounds, or not at all. */
export const quantizers = ["lsq", "pact", "straight-through"] as const;
/** How quantization-aware training treats batch norm. */
export const batchNormForms = ["kept", "frozen", "folded"] as const;
/** Names of the schedules of the learning rate. */
export const scheduleNames = ["constant", "cosine", "one-cycle", "step"] as const satisfies readonly Schedule["name"][];

/** The execution providers of ONNX Runtime on which it can compute. */
export const devices = ["cpu", "webgpu", "cuda", "coreml", "dml"] as const;

/** Systems that can execute the runs of a study on many machines. */
export const clusterSystems = ["slurm", "kubernetes"] as const;

/** Names of the data sets that `download` knows. */
export const downloadNames = ["cifar10", "imagenette"] as const;

/** Number of calibration images that suffices for ranges; with more, accuracy changes by less than its random error. */
export const calibrationImagesDefault = 1024;
/** Number of images on which mixed precision tries bit widths; enough to tell costs of different orders of magnitude apart. */
export const sensitivityImagesDefault = 256;
/** Percentage of the values that the method `percentile` keeps within the range, as in TensorRT's calibrator. */
export const percentileDefault = 99.99;
/** Accuracy drop, in percentage points, that `auto` accepts. */
export const maxDropDefault = 1;
