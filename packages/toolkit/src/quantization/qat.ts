/**
 * @file Quantization-aware training: the training loop on a graph with FakeQuant nodes. Rounding has a straight-through gradient
 * (Bengio et al. 2013, arXiv:1308.3432); scales stay where calibration put them.
 */

import type { Graph } from "@subbyte/graph";
import { type TrainOptions, type TrainResult, train } from "../training/index.js";
import { snapBiases } from "./biases.js";

export type QatOptions = Omit<TrainOptions, "parameters">;

/**
 * @param options.graph with calibrated FakeQuant nodes (`quantizeGraph`, or `lift` of a program) and batch norm folded
 * @returns the training's result, its graphs ready for `lower`
 */
export async function trainQuantized(options: QatOptions): Promise<TrainResult> {
  const result = await train({ ...options, parameters: ({ isScale }) => (isScale ? "frozen" : {}) });
  const finished = (graph: Graph) => snapBiases(graph);
  return {
    ...result,
    graph: finished(result.graph),
    best: { ...result.best, graph: finished(result.best.graph) },
  };
}
