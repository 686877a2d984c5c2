/** @file The events of a training: running means within an epoch, and the figures of each epoch at its end. */

import type { EpochRecord, TrainProgress } from "../training/index.js";
import { EventFile } from "./event-file.js";

/** The share of an epoch that lies between two events. */
const SHARE = 0.05;

export class TrainingEvents {
  #file: EventFile | undefined;
  /** Position of the newest event within an epoch. */
  #last = { epoch: 0, share: 0 };

  constructor(private readonly folder: string) {}

  progress({ phase, epoch, step, steps, loss, accuracy, learningRate, imagesPerSecond }: TrainProgress): void {
    const globalStep = (epoch - 1) * steps + step;
    // Begun at the first step, so that TensorBoard drops what a killed run had written beyond its checkpoint.
    this.#file ??= new EventFile(this.folder, globalStep);
    const share = step / steps;
    if (epoch !== this.#last.epoch) this.#last = { epoch, share: 0 };
    if (phase !== "train" || share - this.#last.share < SHARE) return;
    this.#last = { epoch, share };
    this.#file.scalars(globalStep, {
      "running/loss": loss,
      "running/accuracy": accuracy,
      learning_rate: learningRate,
      images_per_second: imagesPerSecond,
    });
  }

  epoch({ epoch, step, trainLoss, trainAccuracy, validationLoss, validationAccuracy }: EpochRecord): void {
    this.#file ??= new EventFile(this.folder, step);
    this.#file.scalars(step, {
      epoch,
      "loss/train": trainLoss,
      "accuracy/train": trainAccuracy,
      "loss/validation": validationLoss,
      "accuracy/validation": validationAccuracy,
    });
  }
}
