/** @file The integer engine as a classifier of batches. */

import { availableParallelism } from "node:os";
import { load, type TierName } from "@subbyte/engine";
import type { Batch } from "../data/types.js";
import type { Classify } from "./evaluate.js";

/** A program on the integer engine that classifies batches. */
export interface IntegerClassifier {
  /** Logits of a batch, its images shared out over the threads. */
  readonly classify: Classify;
  /** What the machine, or the options, made of it. */
  readonly tier: TierName;
  readonly threads: number;
  /** Ends the threads and frees their memory. */
  close(): Promise<void>;
}

/** Options of `integerClassifier`. */
export interface IntegerClassifierOptions {
  /** One image each; all cores that this process may use by default. */
  readonly threads?: number;
  /** The fastest of this machine by default; the logits are the same bits in all. */
  readonly tier?: TierName | "auto";
}

/**
 * @param sbq bytes of a `.sbq` file
 * @throws {FormatError} where they are damaged.
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
