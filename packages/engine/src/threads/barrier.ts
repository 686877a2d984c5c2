/** @file A barrier at which threads wait for each other, on two words of shared memory. */

import { EnvironmentError } from "../errors.js";
import type { WasmMemory } from "../host-types.js";

/**
 * Largest number of times that a thread reads the word before it sleeps. That takes about a tenth of a millisecond, which is
 * longer than threads usually wait for each other if each has a core. If threads share a core, reading keeps the others from
 * running, so a thread soon reads less often.
 */
const mostSpins = 2 ** 13;
const fewestSpins = 2 ** 11;
/**
 * Milliseconds that a thread waits for the others before it considers them dead. Threads that sleep between two runs wake up
 * within milliseconds, but one may need long for its part of a run.
 */
const patienceMs = { start: 3000, phase: 30_000, "for ever": Number.POSITIVE_INFINITY };
/** How often a thread that may not sleep reads the word between two looks at the clock. */
const looksAtOnce = 2 ** 16;

const arrivedWord = 0;
const roundWord = 1;

export const barrierBytes = 8;

export class Barrier {
  readonly #words: Int32Array;
  readonly #threads: number;
  #spins = mostSpins;

  /** @param address  of 8 bytes, initially zero, the same for all threads */
  constructor(memory: WasmMemory, address: number, threads: number) {
    this.#words = new Int32Array(memory.buffer, address, barrierBytes / 4);
    this.#threads = threads;
  }

  /**
   * Returns when all threads have arrived.
   * @param patience  whether to wait for the start of a run, for the end of a phase, or, between two runs, forever
   * @throws {EnvironmentError} if another thread has died; the memory must not be used again, because that thread may only be
   * slow
   */
  wait(patience: keyof typeof patienceMs): void {
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
    if (patience === "phase") this.#spins = Math.max(this.#spins / 2, fewestSpins);
    const end = performance.now() + patienceMs[patience];
    // A notification may belong to the round before: its sender can be interrupted between the count and the call.
    while (Atomics.load(words, roundWord) === round) {
      const left = end - performance.now();
      if (left <= 0) throw new EnvironmentError("thread-lost", {}, "a thread of the engine does not answer any more");
      if (mayBlock) Atomics.wait(words, roundWord, round, left);
      else for (let i = 0; i < looksAtOnce && Atomics.load(words, roundWord) === round; i++);
    }
  }
}

/** Whether this thread may sleep; the main thread of a page may not. */
const mayBlock = (() => {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
})();
