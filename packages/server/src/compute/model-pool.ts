/** @file The threads of one model: a worker pool whose threads have the model loaded and warm. */

import { createRequire } from "node:module";
import { Piscina } from "piscina";
import { ModelFileError } from "../errors.js";
import type { BatchResult, Description, ItemError, ModelFile, ModelKind, Task, WorkItem } from "./protocol.js";

/** The script of the threads. Tests run from the sources, but threads always use the built file. */
const script = createRequire(import.meta.url).resolve("#compute-worker");

export interface ModelPoolOptions {
  /** Number of threads; each has a copy of the model. */
  readonly threads: number;
  /** Script of the threads. */
  readonly script?: string;
}

/** Young generation of a thread in MiB. Almost no object outlives its image; V8's default limit is 48. */
const MAX_YOUNG_MIB = 12;

/** Whether images are computed one by one. ONNX Runtime computes a batch together, and has threads of its own. */
const isSerial = ({ kind }: { readonly kind: ModelKind }): boolean => kind === "sbq";

export class ModelPool {
  private constructor(
    readonly threads: number,
    readonly description: Description,
    readonly pool: Piscina<Task, unknown>,
  ) {}

  /** Whether a run computes its images one by one, so that a thread can accept the next ones while it computes. */
  get isSerial(): boolean {
    return isSerial(this.description);
  }

  /**
   * Starts the threads, loads the model in each, and runs it once.
   * @throws {ModelFileError} if the model cannot be loaded
   */
  static async open(file: ModelFile, { threads, script: filename = script }: ModelPoolOptions): Promise<ModelPool> {
    // ONNX Runtime reads this in its native code, so it must be set in the process, before a thread imports it.
    if (file.kind === "onnx") process.env.ORT_DISABLE_TELEMETRY = "1";
    const pool = new Piscina<Task, unknown>({
      filename,
      workerData: file,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: isSerial(file) ? 2 : 1,
      resourceLimits: { maxYoungGenerationSizeMb: MAX_YOUNG_MIB },
      // A thread that waits with Atomics would block asynchronous work of ONNX Runtime.
      atomics: "disabled",
    });
    // A thread that dies between two tasks is replaced. Its error belongs to no task, so it is ignored.
    pool.on("error", () => {});
    try {
      const described = await Promise.all(
        Array.from(
          { length: threads },
          () => pool.run({ type: "describe" }) as Promise<Description | { error: ItemError }>,
        ),
      );
      const [first] = described;
      if ("error" in first!) throw new ModelFileError(first.error.message);
      return new ModelPool(threads, first as Description, pool);
    } catch (error) {
      await pool.destroy();
      throw error instanceof ModelFileError ? error : new ModelFileError((error as Error).message, { cause: error });
    }
  }

  /** @throws {Error} if the thread dies. */
  run(items: readonly WorkItem[]): Promise<BatchResult> {
    return this.pool.run({ type: "run", items }) as Promise<BatchResult>;
  }

  /** Ends the threads and frees their memory. */
  async close(): Promise<void> {
    if (this.description.kind === "onnx")
      await Promise.allSettled(Array.from({ length: this.threads }, () => this.pool.run({ type: "release" })));
    await this.pool.destroy();
  }
}
