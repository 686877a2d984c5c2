/** @file The integer engine as a classifier of batches, one engine a worker thread. */

import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { Piscina } from "piscina";
import type { Batch } from "../data/types.js";
import { DataError } from "../errors.js";
import type { WorkerBatch } from "./engine-worker.js";
import type { Classify } from "./evaluate.js";

export interface IntegerClassifier {
  /** Logits of a batch, split evenly over the threads. */
  readonly classify: Classify;
  close(): Promise<void>;
}

/** The compiled worker, also when this module itself runs from TypeScript sources. */
const workerFile = createRequire(import.meta.url).resolve("#engine-worker");

/**
 * @param sbq bytes of a `.sbq` file, checked already
 * @param threads all cores that this process may use by default
 */
export function integerClassifier(sbq: Uint8Array, threads = availableParallelism()): IntegerClassifier {
  const shared = new Uint8Array(new SharedArrayBuffer(sbq.length));
  shared.set(sbq);
  const pool = new Piscina<WorkerBatch, Float32Array>({
    filename: workerFile,
    workerData: { sbq: shared },
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
  });
  return {
    classify: async (batch: Batch) => {
      const size = batch.images.length / batch.count;
      const share = Math.ceil(batch.count / threads);
      const parts: Promise<Float32Array>[] = [];
      for (let first = 0; first < batch.count; first += share) {
        const count = Math.min(share, batch.count - first);
        parts.push(pool.run({ images: batch.images.slice(first * size, (first + count) * size), count }));
      }
      return concatenate(await Promise.all(parts));
    },
    close: () => pool.destroy(),
  };
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const first = parts[0];
  if (first === undefined) throw new DataError("a batch has no images; give at least one");
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
