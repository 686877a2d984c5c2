/**
 * @file Measures mean and variance per channel of values of a network on images, and the running statistics of its batch norms.
 */

import {
  expandForInference,
  expandForTraining,
  float32,
  type Graph,
  GraphBuilder,
  type Tensor,
  toTrainingForm,
} from "@subbyte/graph";
import { createSession, type Session, type SessionOptions } from "../../runtime/session.js";
import { withTensors } from "../fake-quant.js";
import type { CalibrationInput } from "../ranges.js";

export interface Moments {
  /** Mean and variance per channel, `[C]` each. */
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** Moments of values `[N, C, H, W]` over all images and positions. */
export async function channelMoments(
  graph: Graph,
  values: readonly string[],
  images: CalibrationInput,
  session: SessionOptions,
): Promise<readonly Moments[]> {
  if (values.length === 0) return [];
  const g = new GraphBuilder(graph.name, graph);
  const axes = g.ints([0, 2, 3]);
  const means = values.map((value) => g.op("ReduceMean", [value, axes], { keepdims: 0 }));
  const squares = values.map((value) => g.op("ReduceMean", [g.op("Mul", [value, value]), axes], { keepdims: 0 }));
  g.setOutputs([...means, ...squares]);
  const sums = await weightedSums(expandForInference(g.build()), [...means, ...squares], images, session);
  return values.map((_, i) => {
    const [mean, square] = [sums[i]!, sums[values.length + i]!];
    return {
      mean: Float32Array.from(mean),
      variance: Float32Array.from(square, (value, c) => Math.max(0, value - mean[c]! ** 2)),
    };
  });
}

/**
 * Measures the running statistics of the graph's batch norms anew. While one is measured, those before it normalize as they do
 * in training.
 */
export async function withMeasuredStatistics(
  graph: Graph,
  images: CalibrationInput,
  session: SessionOptions,
): Promise<Graph> {
  const { graph: form, statistics } = toTrainingForm(graph);
  if (statistics.length === 0) return graph;
  const outputs = statistics.flatMap(({ batchMean, batchVariance }) => [batchMean, batchVariance]);
  const sums = await weightedSums(expandForTraining({ ...form, outputs }), outputs, images, session);
  const measured = statistics.flatMap(({ runningMean, runningVariance }, i) => [
    [runningMean, float32(Float32Array.from(sums[2 * i]!))] as const,
    [runningVariance, float32(Float32Array.from(sums[2 * i + 1]!))] as const,
  ]);
  return withTensors(graph, new Map(measured));
}

/** Means of outputs over batches, weighted by the number of images. */
async function weightedSums(
  graph: Graph,
  outputs: readonly string[],
  images: CalibrationInput,
  options: SessionOptions,
): Promise<readonly Float64Array[]> {
  const session = await createSession(graph, options);
  try {
    const sums: Float64Array[] = [];
    let count = 0;
    for await (const batch of images.batches()) {
      const results = await run(session, batch, outputs);
      const n = batch.shape[0]!;
      outputs.forEach((output, i) => {
        const values = results[output]!.data as Float32Array;
        sums[i] ??= new Float64Array(values.length);
        for (let c = 0; c < values.length; c++) sums[i][c]! += n * values[c]!;
      });
      count += n;
    }
    return sums.map((sum) => sum.map((value) => value / count));
  } finally {
    await session.release();
  }
}

const run = (session: Session, batch: Tensor, outputs: readonly string[]) =>
  session.run({ [session.inputs[0]!]: batch }, outputs);
