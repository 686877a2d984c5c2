/** @file What every test of a pass asserts, in one place. */

import { expect } from "vitest";
import type { Graph } from "../src/ir/types.js";
import { verify } from "../src/ir/verifier.js";
import { inferTypes } from "../src/passes/infer-types.js";
import type { Pass } from "../src/passes/pass.js";
import { type Output, runGraph } from "./runtime.js";

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
  const [before, after] = [inferTypes(graph), inferTypes(result)];
  for (const output of graph.outputs) {
    const known = before.get(output);
    if (known?.shape) expect(after.get(output)).toEqual(known);
  }
  expectSameOutputs(await runGraph(result), await runGraph(graph), tolerance);
  expect(pass.run(result), `${pass.name} leaves its own result alone`).toBe(result);
  return result;
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
