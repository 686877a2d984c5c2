/** @file What a training run is given, and what it gives back. */

import { type Graph, inferTypes, type Tensor } from "@subbyte/graph";
import type { Augmentation, ImageSet } from "../data/types.js";
import { DataError, UsageError } from "../errors.js";
import type { ClassifierResult } from "../evaluation/evaluate.js";
import type { TrainingStepOptions } from "./classifier-step.js";
import type { EpochRecord } from "./position.js";
import type { TrainProgress } from "./progress.js";
import type { LearningRateOptions } from "./schedules.js";

export interface TrainOptions extends TrainingStepOptions {
  readonly graph: Graph;
  readonly images: ImageSet;
  /** Evaluated after every epoch; decides which epoch is the best. */
  readonly validation?: ImageSet;
  readonly epochs: number;
  readonly rate: LearningRateOptions;
  /** Per channel, of pixel / 255. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly augmentation?: Augmentation;
  /** Of order and augmentation; 0 by default. */
  readonly seed?: number;
  /** Target of the loss for a batch of normalized images `[N, C, H, W]`, such as a teacher's logits `[N, classes]`. */
  readonly target?: (images: Tensor) => Promise<Tensor>;
  /** Values of further graph inputs at step `step` = 0 … `steps` − 1 of the run. */
  readonly inputs?: (step: number, steps: number) => Readonly<Record<string, Tensor>>;
  /** The network that a trained graph stands for, where that is another: it is what the validation images see. */
  readonly finished?: (trained: Graph) => Promise<Graph>;
  /** Ends the run when so many epochs in a row were no better than the best; never by default. A resumed run may have another. */
  readonly patience?: number;
  /** Folder for checkpoints, weights and the log; nothing is written where absent. */
  readonly out?: string;
  /** Steps between checkpoints inside an epoch; one at the end of each epoch is always written. */
  readonly checkpointEvery?: number;
  /**
   * Goes on from the checkpoint in `out`; the result equals that of a run never stopped, bit for bit. A finished run is
   * prolonged where `epochs` is larger than before; its schedule then is that of the longer run from there on.
   */
  readonly resume?: boolean;
  /** Begins anew although `out` has the checkpoint of an earlier run, which is lost. */
  readonly overwrite?: boolean;
  /** Further texts that decide the outcome, such as a teacher's hash; a run is resumed under the same ones only. */
  readonly identity?: Readonly<Record<string, string>>;
  /** Stored in the files of weights. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Ends the run after the step at hand, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Called now and then within an epoch. */
  readonly onProgress?: (progress: TrainProgress) => void;
  /** Called after each epoch. */
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Hears what a user should know, a sentence each. */
  readonly onNote?: (text: string) => void;
}

/** The trained networks and the history of the run. */
export interface TrainResult {
  /** After the last step. */
  readonly graph: Graph;
  /** After the epoch of the highest validation accuracy (the lower loss decides among equals); the last one without validation. */
  readonly best: { readonly graph: Graph; readonly epoch: number };
  readonly history: readonly EpochRecord[];
  /** Of the last epoch. */
  readonly validation?: ClassifierResult;
}

/** @throws {UsageError | DataError} where options do not fit each other or the images. */
export function checkTrainOptions({
  graph,
  images,
  epochs,
  checkpointEvery,
  patience,
  resume,
  out,
}: TrainOptions): void {
  if (!(Number.isInteger(epochs) && epochs >= 1))
    throw new UsageError(
      "option-value",
      { option: "epochs", value: epochs, expected: "a whole number from 1" },
      `epochs must be a whole number from 1, got ${epochs}`,
    );
  if (checkpointEvery !== undefined && !(Number.isInteger(checkpointEvery) && checkpointEvery >= 1))
    throw new UsageError(
      "option-value",
      { option: "checkpointEvery", value: checkpointEvery, expected: "a whole number from 1" },
      `checkpoints can be written every 1 or more steps, got ${checkpointEvery}`,
    );
  if (patience !== undefined && !(Number.isInteger(patience) && patience >= 1))
    throw new UsageError(
      "option-value",
      { option: "patience", value: patience, expected: "a whole number from 1" },
      `patience must be a whole number of epochs from 1, got ${patience}`,
    );
  if (resume && out === undefined)
    throw new UsageError(
      "option-conflict",
      { options: ["resume", "out"] },
      "to resume a run, give the folder that it wrote to (`out`)",
    );
  if (images.length === 0)
    throw new DataError(
      "no-images",
      { source: images.name, split: images.split },
      `"${images.name}" has no ${images.split} images to train on`,
    );
  const classes = inferTypes(graph).get(graph.outputs[0]!)?.shape?.[1];
  if (typeof classes === "number" && classes !== images.classes.length) {
    throw new DataError(
      "class-mismatch",
      { source: images.name, found: images.classes.length, expected: classes },
      `"${graph.name}" has ${classes} classes, but "${images.name}" has ${images.classes.length}; build or load the model with as many`,
    );
  }
}
