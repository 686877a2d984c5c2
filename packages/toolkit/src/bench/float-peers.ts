/** @file A float network as the files that other runtimes open. */

import { type Graph, ModelError, writeOnnx } from "@subbyte/graph";
import { graphToTflite } from "../export/tflite/graph-to-tflite.js";
import type { PeerContestant } from "./comparison.js";
import type { Entry } from "./race.js";

/** A float network in another runtime. */
export interface FloatPeer extends Entry {
  readonly spec: PeerContestant;
}

/**
 * The network as an entry of each runtime that can run it.
 *
 * @param graph one image `[1, C, H, W]` in, logits out
 * @param note called with a sentence for each runtime that cannot
 */
export function floatPeers(
  graph: Graph,
  runtimes: readonly PeerContestant["runtime"][],
  { threads, note }: { readonly threads: number; readonly note: (text: string) => void },
): readonly FloatPeer[] {
  return runtimes.flatMap((runtime): FloatPeer[] => {
    try {
      const file = runtime === "litert" || runtime === "tfjs" ? graphToTflite(graph) : writeOnnx(graph);
      return [{ spec: { kind: "peer", runtime, precision: "float32", threads }, file }];
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      note(`${runtime}-float32 is left out: ${error.message}`);
      return [];
    }
  });
}
