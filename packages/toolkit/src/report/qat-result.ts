/** @file The measurements of `qat`: the rows of its table and report. */

import type { ModelTime } from "../bench/index.js";
import type { TestAccuracy } from "../evaluation/index.js";
import type { LayerChange, QatResult } from "../quantization/qat/index.js";
import type { EpochRecord } from "../training/index.js";

/** One bit width of a quantization-aware training. */
export interface QatStage {
  /** Bit width of the stage; absent if there is only one training, whose options give it. */
  readonly bits?: number;
  /** The `.sbq` file of the network that was kept. */
  readonly out: string;
  readonly bytes: number;
  /** The best epoch; 0 if the network before training was kept. */
  readonly best: number;
  readonly history: readonly EpochRecord[];
  /** Accuracy on the held-out images of the simulated network before training. */
  readonly baseline: number | undefined;
  /** Accuracy on the held-out images of the network that was kept. */
  readonly validation: number | undefined;
  /** Whether the file has a trained network, or the one before training because no epoch was better by more than chance. */
  readonly kept: QatResult["kept"];
  /** Number of epochs; like the other settings, by default chosen by bit width, optimizer and number of images. */
  readonly epochs: number;
  readonly lr: number;
  readonly weightDecay: number;
  /** Accuracy of the file on the integer engine; absent if the data has no test images. */
  readonly test: TestAccuracy | undefined;
  /** Accuracy of the network before training, on the test images. */
  readonly baselineTest: TestAccuracy | undefined;
  /** Time of one image on one thread of the engine. */
  readonly time: ModelTime;
  /** The changes of each layer by training; empty if the network before training was kept. */
  readonly layers: readonly LayerChange[];
}

/** The float network with which a training began. */
export interface FloatFigures {
  /** Size of its file, in bytes. */
  readonly bytes: number;
  /** Accuracy on the images that chose the epoch. */
  readonly validation: number;
  readonly test: TestAccuracy | undefined;
}

/** The measurements of a quantization-aware training. */
export interface QatFigures {
  readonly model: string;
  readonly data: string;
  readonly seed: number;
  /** Part of the data that chose the best epoch: `held-out` for training images that were set aside. */
  readonly validationSplit: string;
  /** Figures of the float network; absent if the training began with a `.sbq`. */
  readonly float?: FloatFigures;
  /** One stage, or one for each of `bits`. */
  readonly stages: readonly QatStage[];
}
