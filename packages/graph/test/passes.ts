/** @file Checks that every test of a pass makes. */

import { expect } from "vitest";
import { inferTypes } from "../src/inference/infer-types.js";
import { GraphBuilder } from "../src/ir/builder.js";
import { float32 } from "../src/ir/tensor.js";
import type { Dim, Graph, Tensor } from "../src/ir/types.js";
import { verify } from "../src/ir/verifier.js";
import type { Pass } from "../src/passes/pass.js";
import { type Output, randomFloats, runGraph } from "./runtime.js";

export interface PassExpectation {
  /** Largest difference of an output element, relative to 1 or the element, whichever is larger; 0 by default. */
  readonly tolerance?: number;
}

/**
 * Runs a pass that must change the graph and checks that the result is well formed, has the same interface, computes the
 * same in ONNX Runtime, and is left alone (the same object) by a second run. Returns the result.
 */
export async function expectPass(pass: Pass, graph: Graph, { tolerance = 0 }: PassExpectation = {}): Promise<Graph> {
  verify(graph);
  const result = pass.run(graph);
  expect(result, `${pass.name} changes the graph`).not.toBe(graph);
  verify(result);
  expect(result.inputs).toEqual(graph.inputs);
  expect(result.outputs).toEqual(graph.outputs);
  expectSameOutputTypes(result, graph);
  expectSameOutputs(await runGraph(result), await runGraph(graph), tolerance);
  expect(pass.run(result), `${pass.name} leaves its own result alone`).toBe(result);
  return result;
}

/** Checks that inference knows at least as much about the outputs as before; symbols that it invented may be replaced. */
function expectSameOutputTypes(result: Graph, graph: Graph): void {
  const [before, after] = [inferTypes(graph), inferTypes(result)];
  const isKnown = (dim: Dim): boolean =>
    typeof dim === "number" || graph.inputs.some(({ shape }) => shape?.includes(dim) ?? false);
  for (const output of graph.outputs) {
    const [old, found] = [before.get(output)!, after.get(output)!];
    expect(found.dtype).toBe(old.dtype);
    if (old.shape)
      expect(found.shape?.map((dim, i) => (isKnown(old.shape![i]!) ? dim : old.shape![i]))).toEqual(old.shape);
  }
}

/** Checks that a pass finds nothing to do. */
export function expectNoChange(pass: Pass, graph: Graph): void {
  verify(graph);
  expect(pass.run(graph)).toBe(graph);
}

export function expectSameOutputs(actual: readonly Output[], expected: readonly Output[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, { dims, data }] of expected.entries()) {
    const found = actual[i]!;
    expect(found.dims).toEqual(dims);
    for (let j = 0; j < data.length; j++) {
      const [a, b] = [Number(found.data[j]), Number(data[j])];
      if (!(Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b))))
        // written so that NaN fails
        expect.fail(`output ${i}[${j}] is ${a}, expected ${b} (tolerance ${tolerance})`);
    }
  }
}

/** The operators of a graph, in order. */
export const operatorsOf = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);

/** A graph of one float32 input `x` of the given shape; `build` returns the outputs. */
export function graphOf(shape: readonly Dim[], build: (g: GraphBuilder, x: string) => readonly string[]): Graph {
  const g = new GraphBuilder("test");
  for (const output of build(g, g.input("x", "float32", shape))) g.output(output);
  return g.build();
}

/** Random values in [-1, 1); the same for the same seed. */
export const weights = (shape: readonly number[], seed = 7): Tensor => float32(randomFloats(shape, seed).data, shape);

/** Random values in [0.5, 1.5), as variances are. */
export const positive = (shape: readonly number[], seed = 7): Tensor =>
  float32(
    randomFloats(shape, seed).data.map((value) => 1 + value / 2),
    shape,
  );
