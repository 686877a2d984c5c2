/** @file The integer engine as a classifier of batches. */

import { availableParallelism } from "node:os";
import { load, type TierName } from "@subbyte/engine";
import type { Batch } from "../data/types.js";
import type { Classify } from "./evaluate.js";

/** A program on the integer engine that classifies batches. */
export interface IntegerClassifier {
  /** Logits of a batch, whose images are divided among the threads. */
  readonly classify: Classify;
  /** The tier that runs: from the options, or else the machine's fastest. */
  readonly tier: TierName;
  readonly threads: number;
  /** Ends the threads and frees their memory. */
  close(): Promise<void>;
}

/** Options of `integerClassifier`. */
export interface IntegerClassifierOptions {
  /** Number of threads, each of which takes one image; by default, as many as cores that this process may use. */
  readonly threads?: number;
  /** The tier; by default the fastest of this machine. All tiers give the same logits, bit for bit. */
  readonly tier?: TierName | "auto";
}

/**
 * @param sbq bytes of a `.sbq` file
 * @throws {FormatError} if they are damaged.
 */
export async function integerClassifier(
  sbq: Uint8Array,
  { threads = availableParallelism(), tier = "auto" }: IntegerClassifierOptions = {},
): Promise<IntegerClassifier> {
  const model = await load(sbq, { threads, parallel: "images", worker: true, tier });
  return {
    classify: ({ images }: Batch) => model.run(images),
    tier: model.tier,
    threads: model.threads,
    close: async () => model.dispose(),
  };
}
