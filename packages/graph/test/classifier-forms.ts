/** @file Small classifiers in the forms of exporters, and checks of their import. */

import * as ort from "onnxruntime-node";
import { expect } from "vitest";
import { type ImportedClassifier, importClassifier } from "../src/classifier/import-classifier.js";
import { GraphBuilder } from "../src/ir/builder.js";
import { float32 } from "../src/ir/tensor.js";
import type { Dim, DType, Graph, TypedArray } from "../src/ir/types.js";
import { writeOnnx } from "../src/onnx/writer.js";
import { weights } from "./passes.js";
import { random } from "./runtime.js";

export type Build = (g: GraphBuilder, x: string) => string;

export function network(shape: readonly Dim[], build: Build, dtype: DType = "float32"): Graph {
  const g = new GraphBuilder("net");
  g.output(build(g, g.input("x", dtype, shape)));
  return g.build();
}

export const conv = (g: GraphBuilder, x: string, channels: number, outputs: number, attributes = {}) =>
  g.op("Conv", [x, g.constant(weights([outputs, channels, 3, 3], outputs))], attributes);

export const transposed = (g: GraphBuilder, x: string, perm: readonly number[]) => g.op("Transpose", [x], { perm });
export const [toLast, toFirst] = [
  [0, 2, 3, 1],
  [0, 3, 1, 2],
];

export const linear = (g: GraphBuilder, x: string, inputs: number) =>
  g.op("Add", [g.op("MatMul", [x, g.constant(weights([inputs, 5]))]), g.constant(weights([5], 3))]);

/** Pooled features, and a linear layer on them. */
export const head = (g: GraphBuilder, x: string, channels: number) =>
  linear(g, g.op("Flatten", [g.op("GlobalAveragePool", [x])]), channels);

export async function run(graph: Graph, feed: ort.Tensor): Promise<ort.Tensor> {
  const session = await ort.InferenceSession.create(writeOnnx(graph), {
    graphOptimizationLevel: "disabled",
    logSeverityLevel: 3,
  });
  const results = await session.run({ x: feed });
  await session.release();
  return results[graph.outputs[0]!]!;
}

/** An image [1, C, H, W] in each of the layouts that files take. */
export function layouts([channels, height, width]: readonly [number, number, number]) {
  const next = random(3);
  const first = Float32Array.from({ length: channels * height * width }, () => Math.floor(next() * 256));
  const last = Float32Array.from(first, (_, at) => {
    const [pixel, c] = [Math.floor(at / channels), at % channels];
    return first[c * height * width + pixel]!;
  });
  return { first, last };
}

export interface Form {
  readonly label: string;
  readonly graph: Graph;
  /** Operators that must remain, in order; absent if this does not matter. */
  readonly operators?: readonly string[];
  readonly changes?: readonly string[];
  readonly normalization?: object;
  readonly unit?: 1 | 255;
  readonly size?: number;
}

export const [C, H, W] = [3, 8, 10] as const;

/** Runs the file and the imported network on the same image. */
export async function compare({ graph, size }: Form): Promise<ImportedClassifier> {
  const imported = importClassifier(graph, size === undefined ? {} : { size });
  const { input } = imported;
  const shape = imported.graph.inputs[0]!.shape as [Dim, number, number, number];
  expect(shape[0]).toBe("N");
  expect(imported.graph.inputs[0]!.dtype).toBe("float32");
  const image = shape.slice(1) as [number, number, number];
  const { first, last } = layouts(image);
  const own = graph.inputs[0]!;
  const isLast = input.changes.includes("channels-last");
  const data: TypedArray = own.dtype === "uint8" ? Uint8Array.from(isLast ? last : first) : isLast ? last : first;
  const dims = own.shape!.map((dim, axis) =>
    typeof dim === "number"
      ? dim
      : axis === 0
        ? 1
        : (isLast ? [1, image[1], image[2], image[0]] : [1, ...image])[axis]!,
  );
  const expected = await run(graph, new ort.Tensor(own.dtype as "float32", data as Float32Array, dims));
  const normalized = first.map((value, at) => {
    const c = Math.floor(at / (image[1] * image[2]));
    const { mean, std } = input.normalization ?? { mean: [0, 0, 0], std: [1, 1, 1] };
    return (value - mean[c]!) / std[c]!;
  });
  const actual = await run(imported.graph, new ort.Tensor("float32", normalized, [1, ...image]));
  expect(actual.dims).toEqual([1, 5]);
  const largest = Math.max(...Array.from(expected.data as Float32Array, Math.abs));
  for (const [i, value] of (expected.data as Float32Array).entries())
    expect(Math.abs((actual.data as Float32Array)[i]! - value)).toBeLessThanOrEqual(2e-5 * Math.max(1, largest));
  return imported;
}

export const nchw = ["N", C, H, W] as const;
export const nhwc = ["N", H, W, C] as const;
export const perChannel = (g: GraphBuilder, values: readonly number[], shape = [1, values.length, 1, 1]) =>
  g.constant(float32(values, shape));
