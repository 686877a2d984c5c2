/** @file The options and the result of a training run. */

import { type Graph, inferTypes, type Tensor } from "@subbyte/graph";
import type { Augmentation, ImageSet } from "../data/types.js";
import { DataError, UsageError } from "../errors.js";
import type { ClassifierResult } from "../evaluation/evaluate.js";
import { requireNumber } from "../require-number.js";
import type { TrainingStepOptions } from "./classifier-step.js";
import type { EpochRecord } from "./position.js";
import type { TrainProgress } from "./progress.js";
import type { LearningRateOptions } from "./schedules.js";

/** A training run: the network, the images, the schedule, and where results are written. */
export interface TrainOptions extends TrainingStepOptions {
  readonly graph: Graph;
  readonly images: ImageSet;
  /** Images on which the network is evaluated after every epoch. The epoch with the highest accuracy on them is the best. */
  readonly validation?: ImageSet;
  readonly epochs: number;
  readonly rate: LearningRateOptions;
  /** Mean per channel, for pixels in 0 … 1 (byte / 255). */
  readonly mean: readonly number[];
  /** Standard deviation per channel, for pixels in 0 … 1. */
  readonly std: readonly number[];
  readonly augmentation?: Augmentation;
  /** Seed of the order and of augmentation; 0 by default. */
  readonly seed?: number;
  /** Target of the loss for a batch of normalized images `[N, C, H, W]`, such as a teacher's logits `[N, classes]`. */
  readonly target?: (images: Tensor) => Promise<Tensor>;
  /** Values of further graph inputs at step `step` = 0 … `steps` − 1 of the run. */
  readonly inputs?: (step: number, steps: number) => Readonly<Record<string, Tensor>>;
  /** Turns the trained graph into the network that is validated; by default, that is the trained graph itself. */
  readonly finished?: (trained: Graph) => Promise<Graph>;
  /** Ends the run after this many epochs in a row without a new best; never by default. A resumed run may set another value. */
  readonly patience?: number;
  /** Folder for checkpoints, weights and the log; without it, nothing is written. */
  readonly out?: string;
  /** Steps between checkpoints inside an epoch; one at the end of each epoch is always written. */
  readonly checkpointEvery?: number;
  /**
   * Continues from the checkpoint in `out`. The result equals that of an uninterrupted run, bit for bit. If `epochs` is larger
   * than before, a finished run is prolonged, and follows the schedule of the longer run from then on.
   */
  readonly resume?: boolean;
  /** Starts from the beginning even if `out` has the checkpoint of an earlier run, and deletes that checkpoint. */
  readonly overwrite?: boolean;
  /** Further facts that decide the outcome, such as the hash of a teacher. A run can be resumed only if they are the same. */
  readonly identity?: Readonly<Record<string, string>>;
  /** Stored in the files of weights. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Ends the run after the current step and writes a checkpoint. */
  readonly signal?: AbortSignal;
  /** Called several times within an epoch. */
  readonly onProgress?: (progress: TrainProgress) => void;
  /** Called after each epoch. */
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Called with remarks for the user, one sentence each. */
  readonly onNote?: (text: string) => void;
}

/** The trained networks and the history of the run. */
export interface TrainResult {
  /** The network after the last step. */
  readonly graph: Graph;
  /**
   * The network after the epoch with the highest validation accuracy (among equals, the lower loss); without validation, after
   * the last one.
   */
  readonly best: { readonly graph: Graph; readonly epoch: number };
  readonly history: readonly EpochRecord[];
  /** Result of the last epoch. */
  readonly validation?: ClassifierResult;
}

/** @throws {UsageError | DataError} if options do not fit each other or the images. */
export function checkTrainOptions({
  graph,
  images,
  epochs,
  checkpointEvery,
  patience,
  resume,
  out,
}: TrainOptions): void {
  requireNumber("epochs", epochs, "a whole number from 1");
  if (checkpointEvery !== undefined) requireNumber("checkpointEvery", checkpointEvery, "a whole number from 1");
  if (patience !== undefined) requireNumber("patience", patience, "a whole number from 1");
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
