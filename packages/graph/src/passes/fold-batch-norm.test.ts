import { describe, expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf, operatorsOf, positive, weights } from "../../test/passes.js";
import type { GraphBuilder } from "../ir/builder.js";
import type { Attributes } from "../ir/types.js";
import { foldBatchNorm } from "./fold-batch-norm.js";

/** float32 weights of either form round once; sums of some dozen products differ by a few units in the last place. */
const tolerance = 1e-5;

function batchNorm(g: GraphBuilder, x: string, channels: number, attributes: Attributes = {}): string {
  const statistics = [weights([channels], 1), weights([channels], 2), weights([channels], 3), positive([channels], 4)];
  const names = ["bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"];
  return g.op("BatchNormalization", [x, ...statistics.map((tensor, i) => g.constant(tensor, names[i]))], attributes, {
    name: "bn",
  });
}

describe("into a convolution", () => {
  test.each([
    ["without a bias", [4, 3, 3, 3], 1, false],
    ["with a bias", [4, 3, 3, 3], 1, true],
    ["with groups", [6, 1, 3, 3], 3, true],
  ])("%s", async (_, shape, group, hasBias) => {
    const graph = graphOf(["N", 3, 6, 6], (g, x) => {
      const inputs = [x, g.constant(weights(shape), "conv.weight")];
      if (hasBias) inputs.push(g.constant(weights([shape[0]!], 8), "conv.bias"));
      const conv = g.op("Conv", inputs, { group, pads: [1, 1, 1, 1] }, { name: "conv" });
      return [batchNorm(g, conv, shape[0]!, { epsilon: 0.25 })];
    });
    const result = await expectPass(foldBatchNorm, graph, { tolerance });
    expect(result.nodes).toEqual([
      {
        name: "conv",
        op: "Conv",
        domain: "",
        inputs: ["x", "conv.weight", "conv.bias"],
        outputs: ["bn"],
        attributes: { group, pads: [1, 1, 1, 1] },
      },
    ]);
    expect([...result.tensors.keys()].sort()).toEqual(["conv.bias", "conv.weight"]);
  });

  test("one by one along a chain, with weights that two layers share", async () => {
    const graph = graphOf(["N", 3, 6, 6], (g, x) => {
      const w = g.constant(weights([3, 3, 1, 1]), "shared.weight");
      const first = batchNorm(g, g.op("Conv", [x, w], {}, { name: "a" }), 3);
      const relu = g.op("Relu", [first]);
      const names = ["2.weight", "2.bias", "2.mean"].map((name, i) => g.constant(weights([3], i + 10), name));
      const conv = g.op("Conv", [relu, w], {}, { name: "b" });
      return [g.op("BatchNormalization", [conv, ...names, g.constant(positive([3]), "2.var")], {}, { name: "y" })];
    });
    const result = await expectPass(foldBatchNorm, graph, { tolerance });
    expect(operatorsOf(result)).toEqual(["Conv", "Relu", "Conv"]);
    expect(result.nodes[0]!.inputs[1]).not.toBe(result.nodes[2]!.inputs[1]);
  });
});

test.each([0, 1])("into a linear layer with transB = %i", async (transB) => {
  const graph = graphOf(["N", 3], (g, x) => {
    const w = g.constant(weights(transB ? [5, 3] : [3, 5]), "fc.weight");
    return [batchNorm(g, g.op("Gemm", [x, w], { transB }, { name: "fc" }), 5)];
  });
  const result = await expectPass(foldBatchNorm, graph, { tolerance });
  expect(operatorsOf(result)).toEqual(["Gemm"]);
});

describe("not folded", () => {
  const conv = (g: GraphBuilder, x: string) =>
    g.op("Conv", [x, g.constant(weights([3, 3, 1, 1]), "w")], {}, { name: "conv" });
  const cases: [string, (g: GraphBuilder, x: string) => readonly string[]][] = [
    [
      "a convolution that is read twice",
      (g, x) => {
        const c = conv(g, x);
        return [g.op("Add", [c, batchNorm(g, c, 3)])];
      },
    ],
    [
      "a convolution that is a graph output",
      (g, x) => {
        const c = conv(g, x);
        return [c, batchNorm(g, c, 3)];
      },
    ],
    ["batch norm after something else", (g, x) => [batchNorm(g, g.op("Relu", [x]), 3)]],
    [
      "weights that are computed",
      (g, x) => [batchNorm(g, g.op("Conv", [x, g.op("Relu", [g.constant(weights([3, 3, 1, 1]), "w")])]), 3)],
    ],
    ["batch norm in training form", (g, x) => [batchNorm(g, conv(g, x), 3, { training_mode: 1 })]],
  ];
  test.each(cases)("%s", (_, build) => {
    expectNoChange(foldBatchNorm, graphOf(["N", 3, 4, 4], build));
  });

  test("a linear layer with alpha", () => {
    expectNoChange(
      foldBatchNorm,
      graphOf(["N", 3], (g, x) => [batchNorm(g, g.op("Gemm", [x, g.constant(weights([3, 5]), "w")], { alpha: 2 }), 5)]),
    );
  });
});
