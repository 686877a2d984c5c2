/** @file The position of a training run, and its measurements so far. */

import * as v from "valibot";
import type { CheckpointKind } from "./checkpoint.js";

/** One line of the log. */
export interface EpochRecord {
  /** Number of the epoch, from 1. */
  readonly epoch: number;
  /** Steps since the start of the run. */
  readonly step: number;
  /** Learning rate of the epoch's last step. */
  readonly learningRate: number;
  /** Mean loss over the epoch's training images, with label smoothing and augmentation. */
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  /** Mean loss on the validation images; absent if there are none. */
  readonly validationLoss?: number;
  readonly validationAccuracy?: number;
  /** Speed of training, without validation. */
  readonly imagesPerSecond: number;
  /** Seconds since the start of the run, over all interruptions. */
  readonly seconds: number;
}

/** The position of a run. */
export interface TrainingPosition {
  /** Finished epochs. */
  readonly epoch: number;
  /** Finished steps of the current epoch. */
  readonly stepInEpoch: number;
  /** Sums over the current epoch's images. */
  readonly lossSum: number;
  readonly correct: number;
  /** Seconds spent on steps of the current epoch; `seconds` counts everything since the start of the run. */
  readonly epochSeconds: number;
  readonly seconds: number;
  readonly history: readonly EpochRecord[];
  /** The best epoch so far. */
  readonly best?: EpochRecord;
  /** SHA-256 of the file with the best weights, if it was written. */
  readonly bestHash?: string;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const epochRecord: v.GenericSchema<unknown, EpochRecord> = v.object({
  epoch: count,
  step: count,
  learningRate: v.number(),
  trainLoss: v.number(),
  trainAccuracy: v.number(),
  validationLoss: v.exactOptional(v.number()),
  validationAccuracy: v.exactOptional(v.number()),
  imagesPerSecond: v.number(),
  seconds: v.number(),
});

export const trainingRun: CheckpointKind<TrainingPosition> = {
  name: "training run",
  position: v.object({
    epoch: count,
    stepInEpoch: count,
    lossSum: v.number(),
    correct: v.number(),
    epochSeconds: v.number(),
    seconds: v.number(),
    history: v.array(epochRecord),
    best: v.exactOptional(epochRecord),
    bestHash: v.exactOptional(v.string()),
  }),
};

/** The position before the first step. */
export const emptyPosition: TrainingPosition = {
  epoch: 0,
  stepInEpoch: 0,
  lossSum: 0,
  correct: 0,
  epochSeconds: 0,
  seconds: 0,
  history: [],
};

/** Whether an epoch has a higher validation accuracy than the best, or the same with a lower loss. */
export function isBetter(record: EpochRecord, best: EpochRecord | undefined): boolean {
  if (!best) return true;
  const [accuracy, loss] = [
    record.validationAccuracy! - best.validationAccuracy!,
    best.validationLoss! - record.validationLoss!,
  ];
  return accuracy > 0 || (accuracy === 0 && loss > 0);
}
