/**
 * @file Measures how far a network's answers are from the float network's, on variations of held-out images (moved, and half of
 * them with a rectangle of another image).
 *
 * Accuracy on held-out images cannot compare a trained network with its baseline if the float network was trained on these very
 * images before: it has memorized them, and so has every network that calibration makes from it, whereas training without them
 * forgets them. Variations are new to all networks, and the float network's answers are the target of all.
 */

import { expandForInference, float32, type Graph } from "@subbyte/graph";
import type { ImageSet } from "../../data/types.js";
import { crossEntropy } from "../../evaluation/metrics.js";
import { Random } from "../../random.js";
import { createSession, type SessionOptions } from "../../runtime/session.js";
import { batchSizeFor, calibrationSample } from "../calibration.js";
import { imageRows } from "../reconstruction/activations.js";
import { drawVariation } from "../reconstruction/variations.js";
import type { Teacher } from "./teacher.js";

/**
 * Number of variations. The standard error must be well below what training gains: for a ResNet-20 at 4 bits it is 0.005 nats, and
 * the gain 0.012. With 2,048 variations it was 0.011, and training seemed to be in vain.
 */
const COUNT = 8192;
/** Largest number of variations per held-out image. */
const PER_IMAGE = 4;
const MEMORY_BYTES = 2 ** 29;

export interface Fidelity {
  /** Kullback–Leibler divergence of each image's class probabilities from the float network's, in nats. */
  divergences(graph: Graph): Promise<Float64Array>;
}

export interface FidelityOptions {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly seed: number;
  readonly session: SessionOptions;
}

export async function fidelityTo(
  teacher: Pick<Teacher, "logits" | "network">,
  images: ImageSet,
  { mean, std, seed, session: options }: FidelityOptions,
): Promise<Fidelity> {
  const sample = calibrationSample(images, { count: COUNT, seed, mean, std });
  const rows = await imageRows(teacher.network, sample, { memoryBytes: MEMORY_BYTES });
  const { channels, height, width } = images;
  const shape = [channels, height, width] as const;
  const batchSize = batchSizeFor(images);
  const count = Math.max(batchSize, Math.floor(Math.min(COUNT, PER_IMAGE * rows.count) / batchSize) * batchSize);
  const values = new Float32Array(batchSize * rows.length);
  const batch = float32(values, [batchSize, ...shape]);
  /** Writes the variations from index `first` on into the batch. */
  const draw = (first: number) => {
    for (let i = 0; i < batchSize; i++) {
      const random = Random.derive(seed, "fidelity", first + i);
      drawVariation(rows, shape, random, values.subarray(i * rows.length, (i + 1) * rows.length));
    }
    return batch;
  };
  const expected: Float32Array[] = [];
  for (let first = 0; first < count; first += batchSize)
    expected.push((await teacher.logits(draw(first))).data.slice() as Float32Array);
  return {
    divergences: async (graph) => {
      const session = await createSession(expandForInference(graph), options);
      try {
        const result = new Float64Array(count);
        for (const [k, float] of expected.entries()) {
          const outputs = await session.run({ [session.inputs[0]!]: draw(k * batchSize) }, [session.outputs[0]!]);
          const logits = outputs[session.outputs[0]!]!.data as Float32Array;
          const classes = float.length / batchSize;
          for (let i = 0; i < batchSize; i++)
            result[k * batchSize + i] = divergence(float, logits, i * classes, classes);
        }
        return result;
      } finally {
        await session.release();
      }
    },
  };
}

/** KL(softmax(expected) ‖ softmax(found)) of the classes from `offset` on. */
function divergence(expected: Float32Array, found: Float32Array, offset: number, classes: number): number {
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    const own = crossEntropy(expected, offset, classes, c);
    sum += Math.exp(-own) * (crossEntropy(found, offset, classes, c) - own);
  }
  return sum;
}
