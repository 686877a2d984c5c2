/** @file Classifies batches by a graph on ONNX Runtime: a float network, or the simulation of a quantized one. */

import type { Graph } from "@subbyte/graph";
import { normalize } from "../data/normalize.js";
import type { Batch } from "../data/types.js";
import { DataError } from "../errors.js";
import { createSession, type SessionOptions } from "../runtime/session.js";
import type { Classify } from "./evaluate.js";

/** A graph on ONNX Runtime that classifies batches. */
export interface FloatClassifier {
  readonly classify: Classify;
  /** Frees the session. */
  close(): Promise<void>;
}

/** The normalization of a float network's input, and the options of ONNX Runtime. */
export interface FloatClassifierOptions extends SessionOptions {
  /** Mean per channel, for pixels in 0 … 1 (byte / 255). */
  readonly mean: readonly number[];
  /** Standard deviation per channel, for pixels in 0 … 1. */
  readonly std: readonly number[];
}

/**
 * Loads a graph into ONNX Runtime as a classifier of batches.
 *
 * @param model a graph with one input `[N, C, H, W]` and logits `[N, classes]` as first output, or the bytes of such an ONNX
 * file
 * @param shape `[C, H, W]` of the network's input
 */
export async function floatClassifier(
  model: Graph | Uint8Array,
  shape: readonly [number, number, number],
  options: FloatClassifierOptions,
): Promise<FloatClassifier> {
  const [channels, height, width] = shape;
  const { mean, std, ...sessionOptions } = options;
  const session = await createSession(model, sessionOptions);
  const [input] = session.inputs;
  const [output] = session.outputs;
  return {
    classify: async ({ images, count }: Batch) => {
      if (images.length !== count * channels * height * width)
        throw new DataError(
          "image-wrong-size",
          { found: images.length / count, expected: [channels, height, width] },
          `the network takes images of ${width}×${height} pixels and ${channels} channels, got ` +
            `${images.length / count} bytes per image; use \`size\` ${height}`,
        );
      const data = normalize(images, { channels: channels as 1 | 3, mean, std, pixels: height * width });
      const feed = { dtype: "float32", shape: [count, channels, height, width], data } as const;
      const result = await session.run({ [input!]: feed }, [output!]);
      return result[output!]!.data as Float32Array;
    },
    close: () => session.release(),
  };
}
