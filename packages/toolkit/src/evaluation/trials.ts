/** @file Tries other ways to prepare the same images, on some of them: usual normalizations, in both orders of the channels. */

import type { Graph } from "@subbyte/graph";
import { expandForInference, float32 } from "@subbyte/graph";
import { normalize } from "../data/normalize.js";
import type { Batch, ImageSet } from "../data/types.js";
import type { UsualNormalization } from "../data/usual-normalizations.js";
import { createSession, type SessionOptions } from "../runtime/session.js";
import { argMax } from "./metrics.js";

/** A way to prepare images: a normalization and an order of channels. */
export interface Reading extends UsualNormalization {
  /** Whether the last channel comes first. */
  readonly isReversed: boolean;
}

/** A reading, with the share of images that the network then classifies correctly. */
export interface Trial extends Reading {
  readonly top1: number;
  /** 1 for each image that is classified correctly, else 0. */
  readonly right: Uint8Array;
}

type Normalization = Pick<UsualNormalization, "mean" | "std">;

export interface TrialOptions extends SessionOptions {
  /** Combines a normalization with the one inside the network; by default there is none. */
  readonly compose?: (normalization: Normalization) => Normalization;
  readonly signal?: AbortSignal;
  /** Number of images, drawn by a fixed seed; 256 by default. */
  readonly count?: number;
  readonly onProgress?: (done: number, of: number) => void;
}

/** Enough images to see a difference of about ten percentage points. */
export const TRIAL_IMAGES = 256;
const BATCH = 32;

/**
 * @param graph float network; its labels are those of `images`
 * @returns one trial per reading, in the same order
 */
export async function tryReadings(
  graph: Graph,
  images: ImageSet,
  readings: readonly Reading[],
  { count = TRIAL_IMAGES, compose = (given) => given, signal, onProgress, ...session }: TrialOptions = {},
): Promise<readonly Trial[]> {
  const batches = await firstImages(images, count);
  const total = batches.reduce((sum, batch) => sum + batch.count, 0);
  const runner = await createSession(expandForInference(graph), session);
  try {
    const trials: Trial[] = [];
    for (const [i, reading] of readings.entries()) {
      const right: number[] = [];
      for (const batch of batches) {
        signal?.throwIfAborted();
        const shape = [batch.count, images.channels, images.height, images.width];
        const feed = float32(inputOf(batch, images, { ...compose(reading), isReversed: reading.isReversed }), shape);
        const results = await runner.run({ [runner.inputs[0]!]: feed }, [runner.outputs[0]!]);
        const logits = results[runner.outputs[0]!]!.data as Float32Array;
        const classes = logits.length / batch.count;
        for (let n = 0; n < batch.count; n++)
          right.push(argMax(logits, n * classes, classes) === batch.labels[n] ? 1 : 0);
      }
      const top1 = right.reduce((sum, each) => sum + each, 0) / total;
      trials.push({ ...reading, top1, right: Uint8Array.from(right) });
      onProgress?.(i + 1, readings.length);
    }
    return trials;
  } finally {
    await runner.release();
  }
}

/** The first images in random order, so that they are of all classes: at least `count`, in whole batches. */
async function firstImages(images: ImageSet, count: number): Promise<readonly Batch[]> {
  const batches: Batch[] = [];
  let found = 0;
  for await (const batch of images.batches({ batchSize: BATCH, shuffleSeed: 0 })) {
    batches.push(batch);
    found += batch.count;
    if (found >= count) break;
  }
  return batches;
}

/** `[N, C, H, W]`; mean and deviation belong to the image's channels, in whatever order the network takes them. */
function inputOf(
  { images }: Batch,
  { channels, height, width }: ImageSet,
  { mean, std, isReversed }: Normalization & Pick<Reading, "isReversed">,
): Float32Array {
  const pixels = height * width;
  const values = normalize(images, { channels, mean, std, pixels });
  if (!isReversed) return values;
  const reversed = new Float32Array(values.length);
  for (let plane = 0; plane * pixels < values.length; plane++) {
    const channel = plane % channels;
    const target = plane - channel + (channels - 1 - channel);
    reversed.set(values.subarray(plane * pixels, (plane + 1) * pixels), target * pixels);
  }
  return reversed;
}
