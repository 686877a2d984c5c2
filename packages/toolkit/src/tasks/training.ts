/** @file Turns options into training settings, and training progress into events. */

import { join } from "node:path";
import { bitsName } from "../bits-name.js";
import type { Augmentation } from "../data/types.js";
import { defined } from "../defined.js";
import type { TaskOptions } from "../options/index.js";
import { runtimeOptions } from "../runtime/runtime-options.js";
import { TrainingEvents } from "../tracking/training-events.js";
import type { TrainOptions, TrainProgress } from "../training/index.js";
import type { Run } from "./run.js";

type Options = Omit<TaskOptions<"qat"> | TaskOptions<"train">, "epochs" | "lr"> & {
  readonly epochs: number;
  readonly lr: number;
};

/** A stage of a chain of bit widths. */
export interface TrainingStage {
  readonly bits: number;
  /** Epochs of the stages after it. */
  readonly epochsAfter: number;
}

/** @param stage if the training is one of a chain */
export function trainOptionsOf(
  options: Options,
  run: Run,
  stage?: TrainingStage,
): Omit<TrainOptions, "graph" | "images" | "mean" | "std"> {
  const { momentum, nesterov, cropPadding, clipValue, clipNorm, checkpointEvery } = options;
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
      clipValue,
      clipNorm,
      checkpointEvery,
      averageDecay: options.averageDecay,
      patience: options.patience,
    }),
    session: runtimeOptions(options),
    signal: run.signal,
    ...followed(trainingEvents(run, stage), options.tensorboard, stage),
    onNote: (text) => run.note(stage ? `${stage.bits} bits: ${text}` : text),
  };
}

/** Also writes event files if a folder is given; each stage of a chain is a separate run in TensorBoard. */
function followed(
  say: (progress: TrainProgress) => void,
  folder: string | undefined,
  stage: TrainingStage | undefined,
): Pick<TrainOptions, "onProgress" | "onEpoch"> {
  if (folder === undefined) return { onProgress: say };
  const events = new TrainingEvents(stage ? join(folder, bitsName(stage.bits)) : folder);
  return {
    onProgress: (progress) => {
      say(progress);
      events.progress(progress);
    },
    onEpoch: (record) => events.epoch(record),
  };
}

/** Emits a phase per epoch and per validation. */
function trainingEvents(run: Run, stage?: TrainingStage): (progress: TrainProgress) => void {
  let current = "";
  const bits = stage?.bits;
  return ({ phase, epoch, epochs, step, steps, secondsPerEpoch, ...progress }) => {
    const detail = `${stage ? `${bits} bits, ` : ""}epoch ${epoch}/${epochs}`;
    if (`${phase} ${detail}` !== current) {
      current = `${phase} ${detail}`;
      run.phase(phase === "train" ? "training" : "validating", detail, defined({ bits }));
    }
    const { loss, accuracy, learningRate, imagesPerSecond } = progress;
    const secondsLeft = progress.secondsLeft + (stage?.epochsAfter ?? 0) * secondsPerEpoch;
    const figures = { loss, accuracy, learningRate, imagesPerSecond };
    run.progress(step, steps, { unit: "steps", detail, secondsLeft, figures, ...defined({ bits }) });
  };
}
