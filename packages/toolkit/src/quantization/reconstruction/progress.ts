/** @file The progress of a reconstruction, and its expected duration. */

/** Progress of a reconstruction. */
export interface ReconstructionProgress {
  /** Name of the current block or layer. */
  readonly unit: string;
  /** Number of finished iterations, over all units. */
  readonly iteration: number;
  /** Number of iterations of all units. */
  readonly iterations: number;
  /** Finished share of the work, 0 … 1. */
  readonly share: number;
  /** Loss of the current unit, a moving average. */
  readonly loss: number;
  /** Expected seconds left, from the speed so far. */
  readonly secondsLeft: number;
}

/** A part of the network that is learned together: a block, a layer, or the whole network. */
export interface UnitOfWork {
  readonly iterations: number;
  /** Relative cost of an iteration; in seconds, if it was measured. */
  readonly cost: number;
}

/** Weight of the newest loss in the moving average. */
const SMOOTHING = 0.05;

export class ProgressMeter {
  readonly #begun = performance.now();
  readonly #all: Amount;
  /** Work of finished units. */
  #before: Amount = { iterations: 0, work: 0 };
  /** Work of this process, whose time is known. */
  #timed = 0;
  #loss = 0;

  constructor(
    readonly units: readonly UnitOfWork[],
    readonly onProgress: ((progress: ReconstructionProgress) => void) | undefined,
  ) {
    this.#all = units.reduce((sum, unit) => plus(sum, unit, unit.iterations), { iterations: 0, work: 0 });
  }

  /** Records that a unit is finished, now or by an earlier process. */
  unitDone(index: number): void {
    const unit = this.units[index]!;
    this.#before = plus(this.#before, unit, unit.iterations);
  }

  /** Records the number of finished iterations of the current unit. */
  iteration(index: number, name: string, iterations: number, loss: number): void {
    const unit = this.units[index]!;
    this.#loss = this.#timed === 0 || iterations === 1 ? loss : this.#loss + SMOOTHING * (loss - this.#loss);
    this.#timed += unit.cost;
    const done = plus(this.#before, unit, iterations);
    const secondsEach = (performance.now() - this.#begun) / 1000 / this.#timed;
    this.onProgress?.({
      unit: name,
      iteration: done.iterations,
      iterations: this.#all.iterations,
      share: done.work / this.#all.work,
      loss: this.#loss,
      secondsLeft: (this.#all.work - done.work) * secondsEach,
    });
  }
}

interface Amount {
  readonly iterations: number;
  readonly work: number;
}

const plus = (sum: Amount, { cost }: UnitOfWork, iterations: number): Amount => ({
  iterations: sum.iterations + iterations,
  work: sum.work + iterations * cost,
});
