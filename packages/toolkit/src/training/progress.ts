/** @file The progress of a run, its speed, and its remaining time. */

/** Progress of a training run. */
export interface TrainProgress {
  readonly phase: "train" | "validate";
  /** Number of the current epoch, from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Finished steps of this epoch. */
  readonly step: number;
  /** Steps of each epoch. */
  readonly steps: number;
  /** Mean loss over the epoch so far. */
  readonly loss: number;
  /** Share of correct answers in the epoch so far, 0 … 1. */
  readonly accuracy: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** Expected seconds for the rest of the run, with validation if that has been timed. */
  readonly secondsLeft: number;
  /** Expected seconds per epoch, with its validation. */
  readonly secondsPerEpoch: number;
}

/** Weight of the newest step in the moving average of step times. */
const smoothing = 0.05;

/** Times steps and validations. */
export class SpeedMeter {
  #stepSeconds: number | undefined;
  #steps = 0;
  #validationSeconds = 0;

  /** Records the seconds of a step. The first one, which allocates memory, is forgotten as soon as there is a second. */
  step(seconds: number): void {
    this.#steps++;
    this.#stepSeconds =
      this.#stepSeconds === undefined || this.#steps <= 2
        ? seconds
        : this.#stepSeconds + smoothing * (seconds - this.#stepSeconds);
  }

  validation(seconds: number): void {
    this.#validationSeconds = seconds;
  }

  stepsPerSecond(): number {
    return this.#stepSeconds ? 1 / this.#stepSeconds : 0;
  }

  secondsLeft(steps: number, validations: number): number {
    return steps * (this.#stepSeconds ?? 0) + validations * this.#validationSeconds;
  }
}
