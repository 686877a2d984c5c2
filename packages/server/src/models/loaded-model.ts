/** @file One version of a model, loaded and warm: its threads, its queue, its statistics. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ModelPool } from "../compute/model-pool.js";
import type { Description, ModelConfig } from "../compute/protocol.js";
import { ModelQueue, type Scheduler } from "../compute/scheduler.js";
import { ModelFileError } from "../errors.js";
import { readConfig } from "./config.js";
import type { FoundModel } from "./scan.js";
import { Statistics } from "./statistics.js";

export interface LoadingOptions {
  readonly scheduler: Scheduler;
  readonly workers: number;
  readonly maxModelBytes: number;
  /** Called after every run with the number of its images, for the metrics. */
  readonly onBatch: (model: LoadedModel, images: number) => void;
  /** Script of the threads that compute. */
  readonly script?: string;
}

export class LoadedModel {
  readonly queue: ModelQueue;
  readonly #pool: ModelPool;
  #users = 0;
  #retired: (() => void) | undefined;

  private constructor(
    readonly source: FoundModel,
    readonly content: Uint8Array,
    /** Hexadecimal SHA-256 of the file. */
    readonly sha256: string,
    pool: ModelPool,
    { scheduler, onBatch }: LoadingOptions,
    /** Statistics, which are kept if a version is loaded again. */
    readonly statistics: Statistics,
  ) {
    this.#pool = pool;
    this.queue = new ModelQueue(scheduler, pool, (images, times) => {
      this.statistics.batch(images, times);
      onBatch(this, images);
    });
  }

  /** @throws {ModelFileError} if the file is damaged, too large or absent. */
  static async open(source: FoundModel, options: LoadingOptions, statistics = new Statistics()): Promise<LoadedModel> {
    const { workers, maxModelBytes, script } = options;
    const { bytes, config } = await readModel(source, maxModelBytes);
    const shared = new SharedArrayBuffer(bytes.length);
    const content = new Uint8Array(shared);
    content.set(bytes);
    const isOnnx = source.kind === "onnx";
    const file = {
      kind: source.kind,
      path: source.path,
      content: shared,
      config,
      maxBytes: maxModelBytes,
      threads: isOnnx ? workers : 1,
    };
    // ONNX Runtime has threads of its own; the integer engine computes each image on one thread.
    const pool = await ModelPool.open(file, {
      threads: isOnnx ? 1 : workers,
      ...(script === undefined ? {} : { script }),
    });
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return new LoadedModel(source, content, sha256, pool, options, statistics);
  }

  get name(): string {
    return this.source.name;
  }

  get version(): string {
    return this.source.version;
  }

  get description(): Description {
    return this.#pool.description;
  }

  /** The threads, for tests that end one. */
  get pool(): ModelPool {
    return this.#pool;
  }

  /** Runs `work`, and keeps the model loaded until it ends. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await work();
    } finally {
      this.#users--;
      if (this.#users === 0) this.#retired?.();
    }
  }

  /** Frees the model as soon as nobody uses it. */
  async retire(): Promise<void> {
    if (this.#users > 0)
      await new Promise<void>((resolve) => {
        this.#retired = resolve;
      });
    this.queue.scheduler.remove(this.queue);
    await this.#pool.close();
  }
}

async function readModel(
  { path, configPath }: FoundModel,
  maxBytes: number,
): Promise<{ readonly bytes: Uint8Array; readonly config: ModelConfig }> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > maxBytes)
      throw new ModelFileError(`it has ${bytes.length} bytes, more than the limit of ${maxBytes}; raise maxModelBytes`);
    return { bytes, config: await readConfig(configPath) };
  } catch (error) {
    throw error instanceof ModelFileError ? error : new ModelFileError((error as Error).message, { cause: error });
  }
}
