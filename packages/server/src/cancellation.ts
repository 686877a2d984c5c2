/** @file Whether a request's answer is still wanted. */

import { ServerError } from "./errors.js";

/**
 * Tells the parts that work for a request when to stop. An `AbortSignal` would do, but each keeps its request reachable until the next
 * full garbage collection (Node 20): under load, memory then grows by everything that requests allocate.
 */
export class Cancellation {
  readonly #timer: NodeJS.Timeout;
  #reason: ServerError | undefined;
  #listeners: ((reason: ServerError) => void)[] = [];

  /** @param timeout  milliseconds after which the request is cancelled, unless it ended */
  constructor(timeout: number) {
    this.#timer = setTimeout(() => this.cancel(timedOut(timeout)), timeout);
  }

  /** Stops the clock when the request has been answered. */
  end(): void {
    clearTimeout(this.#timer);
  }

  get isCancelled(): boolean {
    return this.#reason !== undefined;
  }

  /** Cancels for the given reason. Only the first call has an effect. */
  cancel(reason: ServerError): void {
    if (this.#reason !== undefined) return;
    this.end();
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener(reason);
  }

  /** @throws {ServerError} the reason of the cancellation, if there was one */
  throwIfCancelled(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }

  /**
   * Calls `listener` once, when this is cancelled.
   * @returns a function that removes the listener
   */
  onCancel(listener: (reason: ServerError) => void): () => void {
    this.#listeners.push(listener);
    return () => {
      const at = this.#listeners.indexOf(listener);
      if (at >= 0) this.#listeners.splice(at, 1);
    };
  }
}

const timedOut = (milliseconds: number): ServerError =>
  new ServerError("request-timeout", `The request was not answered within ${milliseconds / 1000} s.`, {
    action: "Try again later, or send fewer images at once.",
  });

export const clientClosed = (): ServerError =>
  new ServerError("client-closed", "The client closed the connection.", { action: "Nothing was lost but the answer." });
