/** @file A worker thread that holds one engine and answers batches with logits; `integer-classifier.ts` starts it. */

import { workerData } from "node:worker_threads";
import { createReference, readSbq } from "@subbyte/engine";

/** Bytes of the `.sbq` file, shared by all workers. */
const { sbq } = workerData as { readonly sbq: Uint8Array };
const engine = createReference(readSbq(sbq));

export interface WorkerBatch {
  /** `[count, H, W, C]` bytes. */
  readonly images: Uint8Array;
  readonly count: number;
}

/** Logits `[count, classes]`. */
export default function classify({ images, count }: WorkerBatch): Float32Array {
  return engine.run(images, count);
}
