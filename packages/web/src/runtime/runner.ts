/** @file Runners, which classify pictures in this browser or on the server. */

import type { Prediction, Preprocessing } from "@subbyte/engine";
import type { Prepared } from "../workers/prepare.js";

/** A picture to be classified: the file, and the input of the network that was made from it. */
export interface Subject {
  /** Absent if the pixels come from a canvas or a camera. */
  readonly file?: Blob;
  readonly prepared: Prepared;
}

export interface Answer {
  /** The likeliest classes, best first. */
  readonly top: readonly Prediction[];
  /** Outputs of the network: logits, or probabilities if it ends in a softmax; one value per class. */
  readonly logits: Float32Array;
  /** Time from the network's input bytes to its logits; on the server, its compute time. */
  readonly computeMs: number;
  /** Time of the whole round trip, on the server. */
  readonly roundTripMs?: number;
}

/** How a model was made ready, and how long that took. */
export interface Readiness {
  readonly downloadMs: number;
  /** Whether the file came from the browser's own store. */
  readonly cached: boolean;
  /** Time from the bytes of the file to the first answer. */
  readonly coldMs: number;
  /** Most memory that the network takes while it runs, where that is known. */
  readonly peakBytes?: number;
  /** A text that says how it computes: "relaxed SIMD, 4 threads". */
  readonly how: string;
}

export interface ClassifyOptions {
  /** Runs small networks several times, so that chance does not decide the measured time. */
  readonly repeat?: boolean;
  readonly signal?: AbortSignal;
}

export interface Runner {
  readonly preprocessing: Preprocessing;
  readonly readiness?: Readiness;
  classify(subject: Subject, options?: ClassifyOptions): Promise<Answer>;
  /**
   * Classifies many pictures at once, in several workers; absent if there is only one worker. Each time is the total
   * divided by the number of pictures.
   */
  classifyTogether?(subjects: readonly Subject[]): Promise<readonly Answer[]>;
  dispose(): void;
}

export interface DownloadState {
  readonly loadedBytes: number;
  readonly totalBytes?: number;
}
