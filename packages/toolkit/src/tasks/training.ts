/** @file What training makes of the options, and what it says. */

import type { Augmentation } from "../data/types.js";
import { defined } from "../defined.js";
import type { TaskOptions } from "../options/index.js";
import type { TrainOptions, TrainProgress } from "../training/index.js";
import type { Run } from "./run.js";

type Options = Omit<TaskOptions<"qat"> | TaskOptions<"train">, "epochs" | "lr"> & {
  readonly epochs: number;
  readonly lr: number;
};

export function trainOptionsOf(options: Options, run: Run): Omit<TrainOptions, "graph" | "images" | "mean" | "std"> {
  const { momentum, nesterov, cropPadding, threads } = options;
  const augmentation: Augmentation = {
    ...defined({ cropPadding }),
    ...(options.randomResizedCrop ? { randomResizedCrop: true } : {}),
    ...(options.flip ? { horizontalFlip: true } : {}),
  };
  return {
    epochs: options.epochs,
    batchSize: options.batch,
    optimizer: options.optimizer === "sgd" ? { name: "sgd", momentum, nesterov } : { name: "adamw" },
    rate: { learningRate: options.lr, schedule: { name: options.schedule }, warmupSteps: options.warmup },
    weightDecay: options.weightDecay,
    labelSmoothing: options.labelSmoothing,
    augmentation,
    seed: options.seed,
    out: options.out,
    resume: options.resume,
    overwrite: options.overwrite,
    ...defined({
      clipValue: options.clipValue,
      clipNorm: options.clipNorm,
      checkpointEvery: options.checkpointEvery,
    }),
    ...(threads === undefined ? {} : { session: { threads } }),
    signal: run.signal,
    onProgress: trainingEvents(run),
  };
}

/** A phase for each epoch and for each validation. */
export function trainingEvents(run: Run): (progress: TrainProgress) => void {
  let current = "";
  return ({ phase, epoch, epochs, step, steps, loss, accuracy, learningRate, imagesPerSecond, secondsLeft }) => {
    const detail = `epoch ${epoch}/${epochs}`;
    if (`${phase} ${detail}` !== current) {
      current = `${phase} ${detail}`;
      run.phase(phase === "train" ? "training" : "validating", detail);
    }
    const figures = { loss, accuracy, learningRate, imagesPerSecond };
    run.progress(step, steps, { unit: "steps", detail, secondsLeft, figures });
  };
}
