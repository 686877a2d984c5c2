import { expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf, operatorsOf, weights } from "../../test/passes.js";
import { ModelError } from "../errors.js";
import { int64, toNumbers } from "../ir/tensor.js";
import { foldConstants } from "./fold-constants.js";
import { simplifyForImport } from "./simplify.js";

/**
 * PyTorch's exporter writes `F.pad(x, (1, 2, 3, 0))` as a chain: the list is extended to all axes, reversed, and
 * cast to int64.
 */
test("the chain of a computed Pad becomes its pads", async () => {
  const graph = graphOf(["N", 2, 4, 4], (g, x) => {
    const zeros = g.op("ConstantOfShape", [g.ints([4])], { value: int64([0]) });
    const listed = g.op("Concat", [g.ints([1, 2, 3, 0]), zeros], { axis: 0 });
    const pairs = g.op("Reshape", [listed, g.ints([-1, 2])]);
    const lowest = g.constant({ dtype: "int64", shape: [1], data: BigInt64Array.of(-(2n ** 63n) + 1n) });
    const reversed = g.op("Slice", [pairs, g.ints([-1]), lowest, g.ints([0]), g.ints([-1])]);
    const flat = g.op("Reshape", [g.op("Transpose", [reversed], { perm: [1, 0] }), g.ints([-1])]);
    return [g.op("Pad", [x, g.op("Cast", [flat], { to: 7 }, { name: "pads" })], {}, { name: "y" })];
  });
  const result = await expectPass(foldConstants, graph);
  expect(operatorsOf(result)).toEqual(["Pad"]);
  expect(toNumbers(result.tensors.get("pads")!)).toEqual([0, 0, 3, 1, 0, 0, 0, 2]);
});

test("weights are folded too, and several outputs at once", async () => {
  const graph = graphOf(["N", 3], (g, x) => {
    const [left] = g.node(
      "Split",
      [g.constant(weights([4, 3]), "w"), g.ints([2, 2])],
      { axis: 0 },
      { outputs: ["left", "right"], name: "split" },
    );
    return [g.op("MatMul", [x, g.op("Transpose", [left!], { perm: [1, 0] })], {}, { name: "y" }), "right"];
  });
  const result = await expectPass(foldConstants, graph);
  expect(operatorsOf(result)).toEqual(["MatMul"]);
});

test("fake quantization and quantization of weights stay", () => {
  expectNoChange(
    foldConstants,
    graphOf(["N", 3], (g, x) => {
      const w = g.constant(weights([3]), "w");
      const [scale, zero] = [g.scalar(0.5), g.scalar(0)];
      const fake = g.op("FakeQuant", [w, scale, zero], { bits: 4, signed: 1 }, { domain: "subbyte" });
      const codes = g.constant({ dtype: "int8", shape: [3], data: Int8Array.of(1, 2, 3) });
      return [g.op("Add", [g.op("Mul", [x, fake]), g.op("DequantizeLinear", [codes, scale])])];
    }),
  );
});

test("a small constant that asks for gigabytes is not expanded", () => {
  expectNoChange(
    foldConstants,
    graphOf(["N", 3], (g, x) => {
      const huge = g.op("ConstantOfShape", [g.ints([2 ** 20, 2 ** 20])]);
      return [g.op("Add", [x, g.op("ReduceSum", [huge], { keepdims: 0 })])];
    }),
  );
});

test("constants that double at each step are refused before they fill the memory", () => {
  const graph = graphOf(["N", 3], (g, x) => {
    let c = g.op("ConstantOfShape", [g.ints([2 ** 16])]);
    for (let i = 0; i < 16; i++) c = g.op("Concat", [c, c], { axis: 0 });
    return [g.op("Add", [x, g.op("ReduceSum", [c], { keepdims: 0 })])];
  });
  expect(() => foldConstants.run(graph)).toThrow(/more than \d+ elements/);
  expect(() => simplifyForImport(graph)).toThrow(ModelError);
});

test("a product of constants that takes hours is not computed", () => {
  expectNoChange(
    foldConstants,
    graphOf(["N", 3], (g, x) => {
      const [a, b] = [weights([256, 2 ** 14]), weights([2 ** 14, 256])].map((tensor) => g.constant(tensor));
      return [g.op("Add", [x, g.op("ReduceSum", [g.op("MatMul", [a!, b!])], { keepdims: 0 })])];
    }),
  );
});

test("a constant that is a graph output stays a graph output", async () => {
  const graph = graphOf(["N", 3], (g, x) => [
    g.op("Relu", [x]),
    g.op("Neg", [g.constant(weights([2]), "w")], {}, { name: "c" }),
  ]);
  const result = await expectPass(foldConstants, graph);
  expect(result.tensors.has("c")).toBe(true);
});
