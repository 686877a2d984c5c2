/** @file The bar of a training run: one an epoch. */

import type { TrainProgress } from "@subbyte/toolkit";
import { percent } from "./output.js";
import { type Progress, startProgress } from "./progress.js";

export interface TrainingProgressBar {
  readonly update: (progress: TrainProgress) => void;
  readonly stop: () => void;
}

export function trainingProgress(quiet: boolean): TrainingProgressBar {
  let bar: Progress | undefined;
  let current = "";
  const stop = () => {
    bar?.stop();
    bar = undefined;
    current = "";
  };
  return {
    stop,
    update: ({ phase, epoch, epochs, step, steps, loss, accuracy, imagesPerSecond, secondsLeft }) => {
      const label = `${phase === "train" ? "epoch" : "validating epoch"} ${epoch}/${epochs}`;
      if (label !== current) {
        stop();
        current = label;
        bar = startProgress(label, phase === "train" ? steps : 0, { quiet, ownEstimate: true });
      }
      const left = Number.isFinite(secondsLeft) ? ` · ${Math.ceil(secondsLeft)} s left in all` : "";
      const remark = `loss ${loss.toFixed(4)} · accuracy ${percent(accuracy)} · ${imagesPerSecond.toFixed(0)} images/s${left}`;
      bar?.update(step, remark);
    },
  };
}
