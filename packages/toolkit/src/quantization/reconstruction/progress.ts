/** @file How far a reconstruction is, and how long it will take. */

export interface ReconstructionProgress {
  /** Name of the block or layer at hand. */
  readonly unit: string;
  /** Finished iterations of all units, and how many there are. */
  readonly iteration: number;
  readonly iterations: number;
  /** Loss of the unit at hand, a moving average. */
  readonly loss: number;
  /** As iterations went so far. */
  readonly secondsLeft: number;
}

/** Weight of the newest loss in the moving average. */
const SMOOTHING = 0.05;

export class ProgressMeter {
  readonly #begun = performance.now();
  #unitsDone = 0;
  /** Iterations of this process, which are the ones that were timed. */
  #timed = 0;
  #loss = 0;

  constructor(
    readonly units: number,
    readonly iterationsEach: number,
    readonly onProgress: ((progress: ReconstructionProgress) => void) | undefined,
  ) {}

  /** A unit was finished by an earlier process. */
  skip(): void {
    this.#unitsDone++;
  }

  iteration(unit: string, iterations: number, loss: number): void {
    this.#timed++;
    this.#loss = iterations === 1 ? loss : this.#loss + SMOOTHING * (loss - this.#loss);
    const all = this.units * this.iterationsEach;
    const done = this.#unitsDone * this.iterationsEach + iterations;
    const secondsEach = (performance.now() - this.#begun) / 1000 / this.#timed;
    this.onProgress?.({
      unit,
      iteration: done,
      iterations: all,
      loss: this.#loss,
      secondsLeft: (all - done) * secondsEach,
    });
    if (iterations === this.iterationsEach) this.#unitsDone++;
  }
}
