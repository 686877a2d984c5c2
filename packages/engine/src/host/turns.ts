/** @file Lets other tasks of this thread run between parts of a long computation, so that it can be cancelled. */

/** Milliseconds of computation between two pauses. */
const longestTurn = 8;

export class Turns {
  readonly #signal: AbortSignal;
  #last = Number.NEGATIVE_INFINITY;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** @throws the signal's reason if it has fired. */
  async next(): Promise<void> {
    this.#signal.throwIfAborted();
    if (performance.now() - this.#last < longestTurn) return;
    await otherTasks();
    this.#last = performance.now();
    this.#signal.throwIfAborted();
  }
}

/** Resolves after the tasks that are waiting now, such as messages. (A timer would be delayed in a page.) */
function otherTasks(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
