/** @file Where threads wait for each other: a barrier on two words of shared memory. */

import { EnvironmentError } from "../errors.js";
import type { WasmMemory } from "../host-types.js";

/**
 * Looks at the word before a thread goes to sleep. The most take about a tenth of a millisecond, longer than shares of a run differ
 * where every thread has a core. Where threads share one, looking keeps the others from running: then a thread soon looks less.
 */
const mostSpins = 2 ** 13;
const fewestSpins = 2 ** 11;
/** A thread that is not heard of for so long has died. */
const patienceMs = 30_000;

const arrivedWord = 0;
const roundWord = 1;

export const barrierBytes = 8;

export class Barrier {
  readonly #words: Int32Array;
  readonly #threads: number;
  #spins = mostSpins;

  /** @param address  of 8 bytes, zero at first, the same for all threads */
  constructor(memory: WasmMemory, address: number, threads: number) {
    this.#words = new Int32Array(memory.buffer, address, barrierBytes / 4);
    this.#threads = threads;
  }

  /**
   * Returns when all threads have come here.
   * @param patience  whether to wait for ever, as between two runs
   * @throws {Error} where another thread has died.
   */
  wait(patience: "a run" | "for ever"): void {
    const words = this.#words;
    const round = Atomics.load(words, roundWord);
    if (Atomics.add(words, arrivedWord, 1) === this.#threads - 1) {
      Atomics.store(words, arrivedWord, 0);
      Atomics.add(words, roundWord, 1);
      Atomics.notify(words, roundWord);
      return;
    }
    for (let i = 0; i < this.#spins; i++)
      if (Atomics.load(words, roundWord) !== round) {
        this.#spins = Math.min(2 * this.#spins, mostSpins);
        return;
      }
    if (patience === "a run") this.#spins = Math.max(this.#spins / 2, fewestSpins);
    // A notification may belong to the round before: its sender can be interrupted between the count and the call.
    while (Atomics.load(words, roundWord) === round)
      if (
        mayBlock &&
        Atomics.wait(words, roundWord, round, patience === "a run" ? patienceMs : undefined) === "timed-out"
      )
        throw new EnvironmentError(
          "thread-lost",
          {},
          "a thread of the engine does not answer any more; load the model again",
        );
  }
}

/** A page's own thread is not allowed to sleep. */
const mayBlock = (() => {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
})();
