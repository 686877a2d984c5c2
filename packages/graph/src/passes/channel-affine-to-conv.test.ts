import { describe, expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf, operatorsOf, positive, weights } from "../../test/passes.js";
import type { GraphBuilder } from "../ir/builder.js";
import { channelAffineToConv } from "./channel-affine-to-conv.js";
import { simplifyForImport } from "./simplify.js";

const SHAPE = ["N", 3, 5, 5] as const;

const conv = (g: GraphBuilder, x: string) =>
  g.op("Conv", [x, g.constant(weights([3, 3, 1, 1]), "w")], {}, { name: "conv" });

function batchNorm(g: GraphBuilder, x: string): string {
  const [gamma, variance] = [positive([3], 2), positive([3], 3)].map((tensor, i) => g.constant(tensor, `p${i}`));
  const [beta, mean] = [weights([3], 4), weights([3], 5)].map((tensor, i) => g.constant(tensor, `q${i}`));
  return g.op("BatchNormalization", [x, gamma!, beta!, mean!, variance!], { epsilon: 1e-3 }, { name: "bn" });
}

test("batch normalization before everything else", async () => {
  const result = await expectPass(
    channelAffineToConv,
    graphOf(SHAPE, (g, x) => [batchNorm(g, x)]),
    { tolerance: 1e-5 },
  );
  expect(operatorsOf(result)).toEqual(["Conv"]);
  expect(result.nodes[0]).toMatchObject({
    name: "bn",
    inputs: ["x", "bn.weight", "bn.bias"],
    attributes: { group: 3 },
  });
});

describe.each(["Add", "Sub", "Mul", "Div"])("%s of a constant", (op) => {
  test.each([[[]], [[1]], [[3, 1, 1]], [[1, 3, 1, 1]]])("of shape [%s]", async (shape) => {
    const graph = graphOf(SHAPE, (g, x) => [g.op(op, [x, g.constant(positive(shape, 3), "c")], {}, { name: "y" })]);
    expect(operatorsOf(await expectPass(channelAffineToConv, graph, { tolerance: 1e-5 }))).toEqual(["Conv"]);
  });
});

test("behind a convolution that something else reads too", async () => {
  const graph = graphOf(SHAPE, (g, x) => {
    const y = conv(g, x);
    return [g.op("Add", [y, g.op("Relu", [batchNorm(g, y)])])];
  });
  const result = await expectPass(channelAffineToConv, graph, { tolerance: 1e-5 });
  expect(operatorsOf(result)).toEqual(["Conv", "Conv", "Relu", "Add"]);
});

test("the normalization of an image inside a network is one layer", () => {
  const graph = graphOf(SHAPE, (g, x) => {
    const centred = g.op("Sub", [x, g.constant(weights([1, 3, 1, 1]), "mean")]);
    return [g.op("Relu", [g.op("Div", [centred, g.constant(positive([3, 1, 1]), "std")])])];
  });
  expect(operatorsOf(simplifyForImport(graph))).toEqual(["Conv", "Relu"]);
});

describe("left alone", () => {
  const cases: [string, (g: GraphBuilder, x: string) => string][] = [
    ["what the convolution before it takes in", (g, x) => batchNorm(g, conv(g, x))],
    ["a constant along the width", (g, x) => g.op("Add", [x, g.constant(weights([5]), "c")])],
    ["a constant divided by the image", (g, x) => g.op("Div", [g.constant(positive([1]), "c"), x])],
    ["two values", (g, x) => g.op("Add", [x, g.op("Relu", [x])])],
    ["a vector", (g, x) => g.op("Mul", [g.op("Flatten", [x], { axis: 1 }), g.constant(positive([1]), "c")])],
  ];
  test.each(cases)("%s", (_, build) => {
    expectNoChange(
      channelAffineToConv,
      graphOf(SHAPE, (g, x) => [build(g, x)]),
    );
  });
});
