import { describe, expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf, operatorsOf, positive, weights } from "../../test/passes.js";
import type { GraphBuilder } from "../ir/builder.js";
import type { Attributes } from "../ir/types.js";
import { foldChannelAffine } from "./fold-channel-affine.js";

const conv = (g: GraphBuilder, x: string) =>
  g.op("Conv", [x, g.constant(weights([4, 3, 3, 3]), "w"), g.constant(weights([4]), "b")], {}, { name: "conv" });

describe.each(["Add", "Sub", "Mul", "Div"])("%s of a constant", (op) => {
  test.each([[[]], [[1]], [[4, 1, 1]], [[1, 4, 1, 1]]])("of shape [%s]", async (shape) => {
    const graph = graphOf(["N", 3, 5, 5], (g, x) => [
      g.op(op, [conv(g, x), g.constant(positive(shape, 3), "c")], {}, { name: "y" }),
    ]);
    const result = await expectPass(foldChannelAffine, graph, { tolerance: 1e-5 });
    expect(operatorsOf(result)).toEqual(["Conv"]);
  });
});

test("multiplication and addition after a linear layer, constant first", async () => {
  const graph = graphOf(["N", 3], (g, x) => {
    const fc = g.op("Gemm", [x, g.constant(weights([4, 3]), "fc.weight")], { transB: 1 }, { name: "fc" });
    const scaled = g.op("Mul", [g.constant(weights([4], 2), "k"), fc]);
    return [g.op("Add", [g.constant(weights([1, 4], 3), "b"), scaled], {}, { name: "y" })];
  });
  const result = await expectPass(foldChannelAffine, graph, { tolerance: 1e-5 });
  expect(operatorsOf(result)).toEqual(["Gemm"]);
  expect(result.nodes[0]!.inputs).toEqual(["x", "fc.weight", "fc.bias"]);
});

test.each([[true], [false]])("a depthwise 1×1 convolution, with bias: %s", async (withBias) => {
  const graph = graphOf(["N", 3, 5, 5], (g, x) => {
    const inputs = [conv(g, x), g.constant(weights([4, 1, 1, 1], 3), "k")];
    if (withBias) inputs.push(g.constant(weights([4], 4), "c"));
    return [g.op("Conv", inputs, { group: 4 }, { name: "y" })];
  });
  const result = await expectPass(foldChannelAffine, graph, { tolerance: 1e-5 });
  expect(operatorsOf(result)).toEqual(["Conv"]);
});

describe("not folded", () => {
  const cases: [string, (g: GraphBuilder, x: string) => string][] = [
    ["a constant along the width", (g, x) => g.op("Add", [conv(g, x), g.constant(weights([3]), "c")])],
    ["a constant for each position", (g, x) => g.op("Add", [conv(g, x), g.constant(weights([1, 4, 3, 3]), "c")])],
    ["a constant that adds an axis", (g, x) => g.op("Add", [conv(g, x), g.constant(weights([1, 1, 1, 1, 1]), "c")])],
    ["a constant divided by the layer", (g, x) => g.op("Div", [g.constant(weights([1]), "c"), conv(g, x)])],
    ["a padded depthwise convolution", (g, x) => oneByOne(g, x, { group: 4, pads: [1, 1, 1, 1] })],
    ["a strided depthwise convolution", (g, x) => oneByOne(g, x, { group: 4, strides: [2, 2] })],
    ["another value", (g, x) => g.op("Add", [conv(g, x), conv2(g, x)])],
  ];
  const oneByOne = (g: GraphBuilder, x: string, attributes: Attributes) =>
    g.op("Conv", [conv(g, x), g.constant(weights([4, 1, 1, 1]), "k")], attributes);
  const conv2 = (g: GraphBuilder, x: string) => g.op("Conv", [x, "w"], {}, { name: "other" });
  test.each(cases)("%s", (_, build) => {
    expectNoChange(
      foldChannelAffine,
      graphOf(["N", 3, 5, 5], (g, x) => [build(g, x)]),
    );
  });
});
