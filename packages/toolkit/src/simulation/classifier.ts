/** @file Simulations of an integer network on ONNX Runtime, as classifiers of batches. */

import type { Program } from "@subbyte/engine";
import { expandForInference, type Graph } from "@subbyte/graph";
import type { Batch } from "../data/types.js";
import { type FloatClassifier, type FloatClassifierOptions, floatClassifier } from "../evaluation/float-classifier.js";
import type { RuntimeOptions } from "../runtime/runtime-options.js";
import { createSession } from "../runtime/session.js";
import { simulateCodes } from "./codes.js";

/**
 * The simulation on real values, as in training. It may differ from the engine if a value lies half way between two codes.
 * @param graph with calibrated FakeQuant nodes and one input `[N, C, H, W]`
 */
export function simulatedClassifier(graph: Graph, options: FloatClassifierOptions): Promise<FloatClassifier> {
  const shape = graph.inputs[0]!.shape!.slice(1) as [number, number, number];
  return floatClassifier(expandForInference(graph), shape, options);
}

/**
 * The simulation on codes: its logits equal the engine's, bit for bit (`simulateCodes` says for which layers this is proved).
 */
export async function codesClassifier(program: Program, options: RuntimeOptions = {}): Promise<FloatClassifier> {
  const { graph } = simulateCodes(program);
  const session = await createSession(graph, { ...options, optimization: "disabled" });
  const [channels, height, width] = program.tensors[program.input]!.shape as [number, number, number];
  const pixels = height * width;
  return {
    classify: async ({ images, count }: Batch) => {
      const planar = new BigInt64Array(images.length);
      for (let n = 0; n < count; n++)
        for (let c = 0; c < channels; c++)
          for (let i = 0; i < pixels; i++)
            planar[(n * channels + c) * pixels + i] = BigInt(images[(n * pixels + i) * channels + c]!);
      const feed = { dtype: "int64", shape: [count, channels, height, width], data: planar } as const;
      const result = await session.run({ pixels: feed });
      return result[graph.outputs[0]!]!.data as Float32Array;
    },
    close: () => session.release(),
  };
}
