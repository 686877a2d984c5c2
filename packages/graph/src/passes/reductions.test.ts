import { describe, expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf, operatorsOf } from "../../test/passes.js";
import type { GraphBuilder } from "../ir/builder.js";
import type { Dim } from "../ir/types.js";
import { reductions } from "./reductions.js";

type Build = (g: GraphBuilder, x: string) => string;

const named = { name: "y" };

describe("over the image", () => {
  const cases: [string, readonly Dim[], Build, string[]][] = [
    [
      "mean over height and width",
      ["N", 3, 4, 5],
      (g, x) => g.op("ReduceMean", [x, g.ints([2, 3])], {}, named),
      ["GlobalAveragePool"],
    ],
    [
      "mean without keepdims",
      ["N", 3, 4, 5],
      (g, x) => g.op("ReduceMean", [x, g.ints([-1, -2])], { keepdims: 0 }, named),
      ["GlobalAveragePool", "Flatten"],
    ],
    [
      "average pooling over the image",
      ["N", 3, 4, 5],
      (g, x) => g.op("AveragePool", [x], { kernel_shape: [4, 5], strides: [4, 5] }, named),
      ["GlobalAveragePool"],
    ],
    [
      "sums of two axes, the second counted after the first is gone",
      ["N", 3, 4, 5],
      (g, x) => {
        const rows = g.op("ReduceSum", [x, g.ints([1])], { keepdims: 0 });
        return g.op("ReduceSum", [rows, g.ints([-1])], { keepdims: 0 }, named);
      },
      ["ReduceSum"],
    ],
    [
      "the maximum, kept as an image",
      ["N", 3, 4, 5],
      (g, x) => g.op("ReduceMax", [g.op("ReduceMax", [x, g.ints([3])]), g.ints([2])], {}, named),
      ["MaxPool"],
    ],
  ];
  test.each(cases)("%s", async (_, shape, build, operators) => {
    const graph = graphOf(shape, (g, x) => [build(g, x)]);
    expect(operatorsOf(await expectPass(reductions, graph, { tolerance: 1e-6 }))).toEqual(operators);
  });
});

describe("left alone", () => {
  const cases: [string, readonly Dim[], Build][] = [
    ["mean over the channels", ["N", 3, 4, 5], (g, x) => g.op("ReduceMean", [x, g.ints([1])])],
    ["mean of a sequence", ["N", 3, 4], (g, x) => g.op("ReduceMean", [x, g.ints([1, 2])])],
    ["pooling over a part", ["N", 3, 4, 5], (g, x) => g.op("AveragePool", [x], { kernel_shape: [4, 4] })],
    [
      "pooling with padding",
      ["N", 3, 4, 5],
      (g, x) => g.op("AveragePool", [x], { kernel_shape: [4, 5], pads: [1, 0, 0, 0] }),
    ],
    ["a maximum over an image of open size", ["N", 3, "h", 5], (g, x) => g.op("ReduceMax", [x, g.ints([2, 3])])],
    [
      "means that keep different axes",
      ["N", 3, 4, 5],
      (g, x) => g.op("ReduceMean", [g.op("ReduceMean", [x, g.ints([3])]), g.ints([1])], { keepdims: 0 }),
    ],
  ];
  test.each(cases)("%s", (_, shape, build) => {
    expectNoChange(
      reductions,
      graphOf(shape, (g, x) => [build(g, x)]),
    );
  });
});
