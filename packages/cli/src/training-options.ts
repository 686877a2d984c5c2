/** @file The options of `train` and `qat`, and what the toolkit makes of them. */

import {
  type Augmentation,
  type OptimizerOptions,
  optimizerNames,
  type Schedule,
  scheduleNames,
  type TrainOptions,
} from "@subbyte/toolkit";
import { type Command, Option } from "commander";
import { decimal, integer, type RunOptions } from "./options.js";

export interface TrainingOptions {
  readonly epochs: number;
  readonly lr: number;
  readonly schedule: Schedule["name"];
  readonly warmup: number;
  readonly optimizer: OptimizerOptions["name"];
  readonly momentum: number;
  readonly nesterov?: boolean;
  readonly weightDecay: number;
  readonly labelSmoothing: number;
  readonly clipValue?: number;
  readonly clipNorm?: number;
  readonly cropPadding?: number;
  readonly randomResizedCrop?: boolean;
  readonly flip?: boolean;
  readonly validationShare: number;
  readonly checkpointEvery?: number;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly out: string;
}

export function withTrainingOptions(
  command: Command,
  defaults: Pick<TrainingOptions, "epochs" | "lr" | "schedule" | "optimizer" | "out">,
): Command {
  return command
    .option("--epochs <n>", "passes over the training images", integer(), defaults.epochs)
    .option("--lr <rate>", "largest learning rate", decimal(0), defaults.lr)
    .addOption(
      new Option("--schedule <name>", "of the learning rate").choices(scheduleNames).default(defaults.schedule),
    )
    .option("--warmup <steps>", "steps over which the rate grows from 0", integer(0), 0)
    .addOption(new Option("--optimizer <name>", "update rule").choices(optimizerNames).default(defaults.optimizer))
    .option("--momentum <share>", "of SGD", decimal(0), 0.9)
    .option("--nesterov", "Nesterov's form of momentum")
    .option("--weight-decay <rate>", "of weights; batch norm and biases have none", decimal(0), 1e-4)
    .option("--label-smoothing <share>", "0 … 1", decimal(0), 0)
    .option("--clip-value <limit>", "limits every element of the gradients", decimal(0))
    .option("--clip-norm <limit>", "limits the norm of all gradients together", decimal(0))
    .option("--crop-padding <pixels>", "augmentation: pads with zeros and crops back at a random place", integer())
    .option("--random-resized-crop", "augmentation: a random area and shape, resized")
    .option("--flip", "augmentation: mirrors every second image")
    .option(
      "--validation-share <share>",
      "choose the best epoch on this share of the training images; 0: on the test images",
      decimal(0),
      0,
    )
    .option("--checkpoint-every <steps>", "checkpoints within an epoch", integer())
    .option("--resume", "go on from the checkpoint in --out; a finished run goes on where --epochs is larger")
    .option("--overwrite", "begin anew where --out holds an earlier run, which is lost")
    .option("--out <folder>", "checkpoints, weights and log", defaults.out);
}

/** Images of a batch, unless `--batch` says otherwise. */
const BATCH = 64;

export function trainingOptions(
  options: TrainingOptions & RunOptions,
): Omit<TrainOptions, "graph" | "images" | "mean" | "std"> {
  const { momentum, nesterov = false } = options;
  const augmentation: Augmentation = {
    ...(options.cropPadding === undefined ? {} : { cropPadding: options.cropPadding }),
    ...(options.randomResizedCrop ? { randomResizedCrop: true } : {}),
    ...(options.flip ? { horizontalFlip: true } : {}),
  };
  return {
    epochs: options.epochs,
    batchSize: options.batch ?? BATCH,
    optimizer: options.optimizer === "sgd" ? { name: "sgd", momentum, nesterov } : { name: "adamw" },
    rate: { learningRate: options.lr, schedule: { name: options.schedule }, warmupSteps: options.warmup },
    weightDecay: options.weightDecay,
    labelSmoothing: options.labelSmoothing,
    augmentation,
    out: options.out,
    resume: options.resume ?? false,
    overwrite: options.overwrite ?? false,
    ...(options.clipValue === undefined ? {} : { clipValue: options.clipValue }),
    ...(options.clipNorm === undefined ? {} : { clipNorm: options.clipNorm }),
    ...(options.checkpointEvery === undefined ? {} : { checkpointEvery: options.checkpointEvery }),
    ...(options.threads === undefined ? {} : { session: { threads: options.threads } }),
  };
}
