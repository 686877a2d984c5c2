/** @file Runs graphs of ours in ONNX Runtime, expanded, at every optimization level and twice, against the float64 reference. */

import * as ort from "onnxruntime-node";
import { expect } from "vitest";
import type { Graph, Tensor, TypedArray } from "../src/ir/types.js";
import { verify } from "../src/ir/verifier.js";
import { writeOnnx } from "../src/onnx/writer.js";
import { evaluate } from "../src/reference/interpreter.js";

export type Feeds = ReadonlyMap<string, Tensor>;

/** An expansion that is right only on the first run, or only without optimizations, would fail in training. */
const LEVELS = ["disabled", "basic", "extended", "all"] as const;

export async function eachRun(
  graph: Graph,
  feeds: Feeds,
  check: (outputs: ReadonlyMap<string, Tensor>, label: string) => void,
): Promise<void> {
  const model = writeOnnx(graph);
  for (const graphOptimizationLevel of LEVELS) {
    const session = await ort.InferenceSession.create(model, {
      graphOptimizationLevel,
      logSeverityLevel: 3,
      intraOpNumThreads: 1,
    });
    for (const run of ["first", "second"]) {
      const given = [...feeds].map(([name, { dtype, shape, data }]) => [
        name,
        new ort.Tensor(dtype as "float32", data.slice() as Float32Array, shape),
      ]);
      const results = await session.run(Object.fromEntries(given));
      const outputs = graph.outputs.map((name): [string, Tensor] => {
        const { type, dims, data } = results[name]!;
        return [name, { dtype: type as Tensor["dtype"], shape: dims, data: data as TypedArray }];
      });
      check(new Map(outputs), `${run} run at level ${graphOptimizationLevel}`);
    }
    await session.release();
  }
}

/** Largest error that an element of an output may have, given the reference's elements. */
export type Bound = (output: string, reference: Tensor) => (at: number) => number;

/** Relative to the largest element of the reference. */
export const relativeToLargest =
  (tolerance: number): Bound =>
  (_, { data }) => {
    const largest = Array.from(data as Float64Array).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    return () => tolerance * largest;
  };

/** Expands the graph, checks that only known operators are left, and compares every output of every run. */
export async function expectFaithful(
  graph: Graph,
  expand: (graph: Graph) => Graph,
  feeds: Feeds,
  bound: Bound,
): Promise<Graph> {
  verify(graph);
  const expanded = expand(graph);
  verify(expanded);
  expect(expanded.inputs).toEqual(graph.inputs);
  expect(expanded.outputs).toEqual(graph.outputs);
  expect(expanded.nodes.filter((node) => node.domain === "subbyte")).toEqual([]);
  const reference = evaluate(graph, feeds);
  await eachRun(expanded, feeds, (outputs, label) => {
    for (const [name, expected] of reference) {
      const actual = outputs.get(name)!;
      expect(actual.shape, `shape of ${name}, ${label}`).toEqual(expected.shape);
      const allowed = bound(name, expected);
      for (let i = 0; i < expected.data.length; i++) {
        const [found, wanted] = [Number(actual.data[i]), Number(expected.data[i])];
        // Written so that NaN fails.
        if (!(Math.abs(found - wanted) <= allowed(i)))
          expect.fail(`${name}[${i}] is ${found}, expected ${wanted} ± ${allowed(i)}, ${label}`);
      }
    }
  });
  return expanded;
}
