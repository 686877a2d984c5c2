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
  readonly #all: number;
  /** Iterations of finished units. */
  #before = 0;
  /** Iterations of this process, which are the ones that were timed. */
  #timed = 0;
  #loss = 0;

  /** @param lengths iterations of each unit */
  constructor(
    readonly lengths: readonly number[],
    readonly onProgress: ((progress: ReconstructionProgress) => void) | undefined,
  ) {
    this.#all = lengths.reduce((a, b) => a + b, 0);
  }

  /** A unit is finished, now or by an earlier process. */
  unitDone(index: number): void {
    this.#before += this.lengths[index]!;
  }

  /** `iterations` of the unit at hand are finished. */
  iteration(unit: string, iterations: number, loss: number): void {
    this.#loss = this.#timed === 0 || iterations === 1 ? loss : this.#loss + SMOOTHING * (loss - this.#loss);
    this.#timed++;
    const done = this.#before + iterations;
    const secondsEach = (performance.now() - this.#begun) / 1000 / this.#timed;
    const secondsLeft = (this.#all - done) * secondsEach;
    this.onProgress?.({ unit, iteration: done, iterations: this.#all, loss: this.#loss, secondsLeft });
  }
}
