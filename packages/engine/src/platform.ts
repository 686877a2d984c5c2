/**
 * @file The differences between Node and browsers. The import `#platform` is `node/platform.ts` or
 * `worker/platform.ts`.
 */

/** One end of a channel of messages; the values are structured clones. */
export interface Endpoint {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Calls back for every message from now on. */
  listen(receive: (message: unknown) => void): void;
}

export interface WorkerEndpoint extends Endpoint {
  /** Calls back when the worker could not start or ended by itself. */
  onFailure(failed: (reason: Error) => void): void;
  /** Whether the worker keeps the process alive; without effect in browsers. */
  keepAlive(alive: boolean): void;
  terminate(): void;
}

export interface Platform {
  /** Switches relaxed SIMD on where it stands behind a flag. Called only if a module that uses it does not validate. */
  enableRelaxedSimd(): void;
  /**
   * Lets V8 join pairs of 128-bit vectors to 256-bit ones in kernels that it compiles from now on, in the whole process.
   * @returns why that is not possible here, if it is not
   */
  enableWideVectors(): string | undefined;
  /** Whether models run in a worker unless told otherwise: where the calling thread paints a page. */
  readonly prefersWorker: boolean;
  /** Threads of the machine. */
  readonly hardwareThreads: number;
  /**
   * Starts a worker with the engine. That it runs is known from its first message.
   * @throws where it cannot even be asked for.
   */
  startWorker(): WorkerEndpoint;
  /** The worker's own end, in a worker started by `startWorker`. */
  parent(): Endpoint;
  /** Asks for a model by address: a URL, in Node a path too. */
  open(source: string | URL, signal: AbortSignal | undefined): Promise<Response>;
}
