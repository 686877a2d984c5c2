import { expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf } from "../../test/passes.js";
import type { GraphBuilder } from "../ir/builder.js";
import { toNumbers } from "../ir/tensor.js";
import type { Graph } from "../ir/types.js";
import { mergeSlices } from "./merge-slices.js";

const END = 2n ** 63n - 1n;

function slice(g: GraphBuilder, x: string, start: number, end: bigint | number, axis: number, step?: number): string {
  const bound = g.constant({ dtype: "int64", shape: [1], data: BigInt64Array.of(BigInt(end)) });
  return g.op("Slice", [x, g.ints([start]), bound, g.ints([axis]), ...(step === undefined ? [] : [g.ints([step])])]);
}

const argumentsOf = ({ nodes, tensors }: Graph): number[][][] =>
  nodes.map(({ inputs }) => inputs.slice(1).map((input) => toNumbers(tensors.get(input)!)));

test("slices of different axes become one", async () => {
  const graph = graphOf(["N", 3, 6, 8], (g, x) => [
    slice(g, slice(g, slice(g, x, 0, END, 3, 2), -5, END, 2, 2), 0, -1, 1),
  ]);
  expect(argumentsOf(await expectPass(mergeSlices, graph))).toEqual([
    [
      [0, 1, 0],
      [2, 6, 8],
      [1, 2, 3],
      [1, 2, 2],
    ],
  ]);
});

test("a second slice of an axis stays a second node; bounds come into the value", async () => {
  const graph = graphOf(["N", 10], (g, x) => [slice(g, slice(g, x, -100, 8, 1), 2, 1, -1)]);
  expect(argumentsOf(await expectPass(mergeSlices, graph))).toEqual([
    [[0], [8], [1], [1]],
    [[2], [2], [1], [1]],
  ]);
});

test("backward slices, unknown sizes and computed bounds stay as they are", () => {
  expectNoChange(
    mergeSlices,
    graphOf(["N", 10], (g, x) => [slice(g, slice(g, x, -1, 0, 1, -1), 0, 1, 0)]),
  );
  expectNoChange(
    mergeSlices,
    graphOf(["N", 10], (g, x) => [g.op("Slice", [x, g.ints([0]), g.op("Shape", [x], { end: 1 }), g.ints([1])])]),
  );
});
