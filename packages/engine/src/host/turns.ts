/** @file Lets other work of this thread go on between parts of a long one, so that it can be cancelled. */

/** Milliseconds of work between two turns. */
const longestTurn = 8;

export class Turns {
  readonly #signal: AbortSignal;
  #last = Number.NEGATIVE_INFINITY;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** @throws the signal's reason where it has fired. */
  async next(): Promise<void> {
    this.#signal.throwIfAborted();
    if (performance.now() - this.#last < longestTurn) return;
    await otherTasks();
    this.#last = performance.now();
    this.#signal.throwIfAborted();
  }
}

/** Resolves after the tasks that wait now, messages among them; a timer would be delayed in a page. */
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
