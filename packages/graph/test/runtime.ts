/** @file Runs graphs of tests in ONNX Runtime without optimizations, so that exactly the graph is compared. */

import * as ort from "onnxruntime-node";
import type { Dim, Graph, TypedArray } from "../src/ir/types.js";
import { writeOnnx } from "../src/onnx/writer.js";

/** The value of every symbolic dimension in tests. */
export const TEST_BATCH = 2;

export interface Output {
  readonly dims: readonly number[];
  readonly data: TypedArray;
}

/** mulberry32: uniform in [0, 1), the same sequence for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Values in [-1, 1) for every element of the shape; symbols count as `TEST_BATCH`. */
export function randomFloats(shape: readonly Dim[], seed: number): { dims: number[]; data: Float32Array } {
  const next = random(seed);
  const dims = shape.map((dim) => (typeof dim === "number" ? dim : TEST_BATCH));
  const length = dims.reduce((product, dim) => product * dim, 1);
  return { dims, data: Float32Array.from({ length }, () => next() * 2 - 1) };
}

/** Runs a model file on random inputs that depend on the seed and on the inputs' positions only. */
export async function runModel(bytes: Uint8Array, graph: Graph, seed = 1): Promise<Output[]> {
  const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: "disabled", logSeverityLevel: 3 });
  const feeds: Record<string, ort.Tensor> = {};
  for (const [i, input] of graph.inputs.entries()) {
    if (input.dtype !== "float32") throw new Error(`tests feed float32 inputs, "${input.name}" is ${input.dtype}`);
    const { dims, data } = randomFloats(input.shape ?? [], seed + i);
    feeds[input.name] = new ort.Tensor("float32", data, dims);
  }
  const results = await session.run(feeds);
  const outputs = graph.outputs.map((name) => {
    const { dims, data } = results[name]!;
    return { dims, data: data as TypedArray };
  });
  await session.release();
  return outputs;
}

export const runGraph = (graph: Graph, seed = 1): Promise<Output[]> => runModel(writeOnnx(graph), graph, seed);
