/** @file The interface to Node or the browser. The import `#platform` is `node/platform.ts` or `worker/platform.ts`. */

/** One end of a channel of messages; the values are structured clones. */
export interface Endpoint {
  post(message: unknown, transfer?: readonly Transferable[]): void;
  /** Calls `receive` for every message from now on. */
  listen(receive: (message: unknown) => void): void;
}

export interface WorkerEndpoint extends Endpoint {
  /** Calls `failed` if the worker cannot start or ends by itself. */
  onFailure(failed: (reason: Error) => void): void;
  /** Whether the worker keeps the process alive; without effect in browsers. */
  keepAlive(alive: boolean): void;
  terminate(): void;
}

export interface Platform {
  /** Switches relaxed SIMD on if it is behind a flag. Called only if a module that uses it does not validate. */
  enableRelaxedSimd(): void;
  /**
   * Lets V8 join pairs of 128-bit vectors to 256-bit ones in kernels that it compiles from now on, in the whole process.
   * @returns the reason if that is not possible here
   */
  enableWideVectors(): string | undefined;
  /** Whether V8 joins pairs of vectors now. */
  readonly wideVectors?: boolean;
  /** Decodes hexadecimal digits in a fast way. `decodeHex` uses it where `Uint8Array.fromHex` does not exist. */
  decodeHex?(text: string): Uint8Array<ArrayBuffer>;
  /** Whether models run in a worker by default: true if the calling thread displays a page. */
  readonly prefersWorker: boolean;
  /** Number of threads that the machine can run at the same time. */
  readonly hardwareThreads: number;
  /**
   * Starts a worker with the engine. Its first message shows that it runs.
   * @throws if a worker cannot even be requested.
   */
  startWorker(): WorkerEndpoint;
  /** The worker's own end, in a worker started by `startWorker`. */
  parent(): Endpoint;
  /** Requests a model by its address: a URL, in Node also a path. */
  open(source: string | URL, signal: AbortSignal | undefined): Promise<Response>;
}
