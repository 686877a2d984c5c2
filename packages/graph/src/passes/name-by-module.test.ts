import { expect, test } from "vitest";
import { expectNoChange, expectPass, graphOf, weights } from "../../test/passes.js";
import { nameByModule } from "./name-by-module.js";

const convolution = { kernel_shape: [1, 1] };

test("names of PyTorch's exporter become module paths; inputs and outputs keep theirs", async () => {
  const graph = graphOf(["N", 3, 4, 4], (g, x) => {
    const named = (name: string) => ({ name, outputs: [`${name}_output_0`] });
    const w = g.constant(weights([3, 3, 1, 1]), "onnx::Conv_259");
    const b = g.constant(weights([3]), "onnx::Conv_260");
    const conv = g.op("Conv", [x, w, b], convolution, named("/layer1/layer1.0/conv1/Conv"));
    const relu = g.op("Relu", [conv], {}, named("/layer1/layer1.0/Relu"));
    const nested = g.op(
      "Conv",
      [relu, g.constant(weights([3, 3, 1, 1]), "onnx::Conv_1")],
      convolution,
      named("/features/features.3/conv/conv.0/conv.0.1/Conv"),
    );
    const scaled = g.op("Mul", [nested, g.scalar(2, "/Constant_output_0")], {}, named("/Mul"));
    return [
      g.op("Conv", [scaled, g.constant(weights([2, 3, 1, 1]), "head.weight")], convolution, {
        name: "node_conv2d_7",
        outputs: ["logits"],
      }),
    ];
  });
  const result = await expectPass(nameByModule, graph);
  expect(result.nodes.map(({ name, outputs }) => [name, outputs[0]])).toEqual([
    ["layer1.0.conv1", "layer1.0.conv1"],
    ["layer1.0.Relu", "layer1.0.Relu"],
    ["features.3.conv.0.1", "features.3.conv.0.1"],
    ["Mul", "Mul"],
    ["head", "logits"],
  ]);
  expect([...result.tensors.keys()]).toEqual([
    "layer1.0.conv1.weight",
    "layer1.0.conv1.bias",
    "features.3.conv.0.1.weight",
    "/Constant_output_0",
    "head.weight",
  ]);
});

test("a name that two nodes want goes to neither: a module that is called twice", () => {
  expectNoChange(
    nameByModule,
    graphOf(["N", 3, 4, 4], (g, x) => {
      const w = g.constant(weights([3, 3, 1, 1]), "conv.weight");
      return [g.op("Conv", [g.op("Conv", [x, w], {}, { name: "/conv/Conv" }), w], {}, { name: "/conv/Conv_1" })];
    }),
  );
});

test("names of other exporters stay", () => {
  expectNoChange(
    nameByModule,
    graphOf(["N", 3], (g, x) => [
      g.op("Relu", [g.op("Neg", [x], {}, { name: "StatefulPartitionedCall/neg" })], {}, { name: "relu" }),
    ]),
  );
});
