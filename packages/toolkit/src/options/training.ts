/** @file Options of training. */

import { choice, decimal, flag, integer } from "./definition.js";
import { batchNormForms, optimizerNames, quantizers, scheduleNames } from "./facts.js";

export const trainingOptions = {
  epochs: integer({
    group: "Training",
    help: "passes over the training images",
    unit: "epochs",
    placeholder: "n",
  }),
  lr: decimal({ group: "Training", help: "largest learning rate", min: 0, placeholder: "rate" }),
  optimizer: choice(optimizerNames, { group: "Training", help: "update rule", placeholder: "name" }),
  schedule: choice(scheduleNames, { group: "Training", help: "schedule of the learning rate", placeholder: "name" }),
  warmup: integer({
    group: "Training",
    help: "steps over which the learning rate grows from 0",
    unit: "steps",
    min: 0,
    advanced: true,
    placeholder: "steps",
    default: 0,
  }),
  momentum: decimal({
    group: "Training",
    help: "momentum of SGD",
    min: 0,
    advanced: true,
    placeholder: "share",
    default: 0.9,
  }),
  nesterov: flag({ group: "Training", help: "Nesterov's form of momentum", advanced: true, default: false }),
  weightDecay: decimal({
    group: "Training",
    help: "decay of weights; batch norm and biases have none",
    min: 0,
    advanced: true,
    placeholder: "rate",
    default: 1e-4,
  }),
  labelSmoothing: decimal({
    group: "Training",
    help: "share of the target that is spread over all classes",
    min: 0,
    max: 1,
    advanced: true,
    placeholder: "share",
    default: 0,
  }),
  clipValue: decimal({
    group: "Training",
    help: "limit for every element of the gradients",
    min: 0,
    advanced: true,
    placeholder: "limit",
  }),
  clipNorm: decimal({
    group: "Training",
    help: "limit for the norm of all gradients together",
    min: 0,
    advanced: true,
    placeholder: "limit",
  }),
  averageDecay: decimal({
    group: "Training",
    help: "decay of a moving average of the weights, such as 0.999; the average is the result. None by default",
    min: 0,
    max: 1,
    advanced: true,
    placeholder: "share",
  }),
  patience: integer({
    group: "Training",
    help: "end the run when so many epochs in a row were no better than the best. Never by default",
    unit: "epochs",
    advanced: true,
    placeholder: "epochs",
  }),
  validationShare: decimal({
    group: "Training",
    help: "share of training images held out to choose the epoch; 5 %, 500 … 5,000 by default; 0: test images",
    min: 0,
    max: 1,
    placeholder: "share",
  }),
  checkpointEvery: integer({
    group: "Training",
    help: "steps between checkpoints within an epoch",
    unit: "steps",
    advanced: true,
    placeholder: "steps",
  }),
  resume: flag({
    group: "Training",
    help: "go on from the checkpoint in the output folder, also for more epochs than before",
    default: false,
  }),
  overwrite: flag({
    group: "Training",
    help: "begin anew where the output folder holds an earlier run, which is lost",
    default: false,
  }),
  cropPadding: integer({
    group: "Augmentation",
    help: "pad with so many zeros and crop back at a random place",
    unit: "pixels",
    placeholder: "pixels",
  }),
  randomResizedCrop: flag({
    group: "Augmentation",
    help: "crop a random area and shape and resize it",
    default: false,
  }),
  flip: flag({ group: "Augmentation", help: "mirror every second image", default: false }),
} as const;

/** Options of quantization-aware training alone. What is left out follows bit widths, optimizer and number of images. */
export const qatOptions = {
  quantizer: choice(quantizers, {
    group: "Training",
    help: "how scales learn: lsq (learned step sizes), pact, or straight-through (not at all)",
    placeholder: "name",
    default: "lsq",
  }),
  stepRate: decimal({
    group: "Training",
    help: "learning rate of scales, as a factor of the learning rate",
    min: 0,
    advanced: true,
    placeholder: "factor",
    default: 1,
  }),
  batchNorm: choice(batchNormForms, {
    group: "Training",
    help: "batch norm is kept (measured anew at the end), frozen, or folded into the weights",
    advanced: true,
    placeholder: "form",
    default: "kept",
  }),
  distillation: decimal({
    group: "Training",
    help: "weight of the float network's answers beside the labels; 1: labels are not used",
    min: 0,
    max: 1,
    placeholder: "share",
    default: 1,
  }),
  temperature: decimal({
    group: "Training",
    help: "softens the answers of both networks in distillation",
    min: 0,
    advanced: true,
    placeholder: "factor",
    default: 4,
  }),
  damping: decimal({
    group: "Training",
    help: "weight of the penalty on weights that oscillate between two codes",
    min: 0,
    advanced: true,
    placeholder: "weight",
  }),
} as const;
