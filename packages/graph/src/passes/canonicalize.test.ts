import { describe, expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf, operatorsOf, weights } from "../../test/passes.js";
import type { GraphBuilder } from "../ir/builder.js";
import type { Dim } from "../ir/types.js";
import { canonicalize } from "./canonicalize.js";

type Build = (g: GraphBuilder, x: string) => string;

const named = { name: "y" };

describe("brought to one form", () => {
  const cases: [string, readonly Dim[], Build, string[]][] = [
    [
      "MatMul and Add",
      ["N", 3],
      (g, x) =>
        g.op("Add", [g.constant(weights([4])), g.op("MatMul", [x, g.constant(weights([3, 4]), "w")])], {}, named),
      ["Gemm"],
    ],
    [
      "Gemm without transB",
      ["N", 3],
      (g, x) => g.op("Gemm", [x, g.constant(weights([3, 4]), "w")], {}, named),
      ["Gemm"],
    ],
    [
      "Gemm with alpha, beta and one bias for all",
      ["N", 3],
      (g, x) =>
        g.op(
          "Gemm",
          [x, g.constant(weights([4, 3]), "w"), g.constant(weights([1, 1]), "b")],
          { transB: 1, alpha: 0.5, beta: 3 },
          named,
        ),
      ["Gemm"],
    ],
    [
      "Gemm with a bias of a row",
      ["N", 3],
      (g, x) =>
        g.op("Gemm", [x, g.constant(weights([4, 3]), "w"), g.constant(weights([1, 4]), "b")], { transB: 1 }, named),
      ["Gemm"],
    ],
    ["Reshape that flattens", ["N", 3, 4, 5], (g, x) => g.op("Reshape", [x, g.ints([0, -1])], {}, named), ["Flatten"]],
    ["Squeeze that flattens", ["N", 3, 1, 1], (g, x) => g.op("Squeeze", [x, g.ints([2, 3])], {}, named), ["Flatten"]],
  ];
  test.each(cases)("%s", async (_, shape, build, operators) => {
    const result = await expectPass(
      canonicalize,
      graphOf(shape, (g, x) => [build(g, x)]),
      { tolerance: 1e-6 },
    );
    expect(operatorsOf(result)).toEqual(operators);
    for (const { op, attributes, inputs } of result.nodes) {
      if (op !== "Gemm") continue;
      expect(attributes).toEqual({ transB: 1 });
      expect(result.tensors.get(inputs[1]!)!.shape).toEqual([4, 3]);
      if (inputs[2]) expect(result.tensors.get(inputs[2])!.shape).toEqual([4]);
    }
  });
});

describe("left alone", () => {
  const cases: [string, readonly Dim[], Build][] = [
    ["a linear layer in the form", ["N", 3], (g, x) => g.op("Gemm", [x, g.constant(weights([4, 3]))], { transB: 1 })],
    ["Gemm that transposes its input", [3, 3], (g, x) => g.op("Gemm", [x, g.constant(weights([3, 4]))], { transA: 1 })],
    [
      "Gemm that adds a matrix",
      [2, 3],
      (g, x) => g.op("Gemm", [x, g.constant(weights([3, 4])), g.constant(weights([2, 4]))]),
    ],
    [
      "MatMul of a batch of matrices",
      ["N", 2, 3],
      (g, x) => g.op("Add", [g.op("MatMul", [x, g.constant(weights([3, 4]))]), g.constant(weights([4]))]),
    ],
    ["Reshape that keeps the rows", ["N", 4, 5], (g, x) => g.op("Reshape", [x, g.ints([-1, 5])])],
  ];
  test.each(cases)("%s", (_, shape, build) => {
    expectNoChange(
      canonicalize,
      graphOf(shape, (g, x) => [build(g, x)]),
    );
  });
});
