/** @file Softmax cross-entropy against class indices, mean over images. */

import { appendCrossEntropy } from "@subbyte/graph";
import { requireNumber } from "../../require-number.js";
import type { Loss } from "./definition.js";

/** Options of softmax cross-entropy. */
export interface CrossEntropyOptions {
  /** ε of label smoothing, in [0, 1); 0 by default. Source: Szegedy et al. 2016, arXiv:1512.00567, §7. */
  readonly labelSmoothing?: number;
}

/**
 * Softmax cross-entropy between logits `[N, classes]` and class indices `[N]`, averaged over the batch.
 *
 * @throws {UsageError} if the label smoothing is not in [0, 1)
 */
export function crossEntropyLoss({ labelSmoothing = 0 }: CrossEntropyOptions = {}): Loss {
  requireNumber("labelSmoothing", labelSmoothing, "a number in [0, 1)");
  return {
    description: labelSmoothing === 0 ? "cross entropy" : `cross entropy(label smoothing=${labelSmoothing})`,
    append: ({ g, output, labels }) => appendCrossEntropy(g, { logits: output, labels: labels(), labelSmoothing }),
  };
}
