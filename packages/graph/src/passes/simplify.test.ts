import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { expectSameOutputs, graphOf, operatorsOf, positive, weights } from "../../test/passes.js";
import { runGraph, runModel } from "../../test/runtime.js";
import { sharedFile } from "../../test/shared.js";
import { ModelError } from "../errors.js";
import type { GraphBuilder } from "../ir/builder.js";
import { toNumbers } from "../ir/tensor.js";
import type { Graph } from "../ir/types.js";
import { readOnnx } from "../onnx/reader.js";
import { writeOnnx } from "../onnx/writer.js";
import { simplifyForImport } from "./simplify.js";

const resnet20 = sharedFile("models/resnet20-cifar10.onnx");

test.skipIf(!resnet20)("PyTorch's export of ResNet-20 becomes a clean graph with the same outputs", async () => {
  const bytes = readFileSync(resnet20!);
  const original = readOnnx(bytes);
  const graph = simplifyForImport(original);
  const counts: Record<string, number> = {};
  for (const { op } of graph.nodes) counts[op] = (counts[op] ?? 0) + 1;
  expect(counts).toEqual({ Conv: 19, Relu: 19, Add: 9, Slice: 2, Pad: 2, GlobalAveragePool: 1, Flatten: 1, Gemm: 1 });

  // The option-A shortcuts: every second pixel, and zeros around the channels.
  const arguments_ = graph.nodes
    .filter(({ op }) => op === "Slice" || op === "Pad")
    .map(({ op, inputs }) => [op, ...inputs.slice(1).map((name) => toNumbers(graph.tensors.get(name)!))]);
  expect(arguments_).toEqual([
    ["Slice", [0, 0], [32, 32], [2, 3], [2, 2]],
    ["Pad", [0, 8, 0, 0, 0, 8, 0, 0]],
    ["Slice", [0, 0], [16, 16], [2, 3], [2, 2]],
    ["Pad", [0, 16, 0, 0, 0, 16, 0, 0]],
  ]);

  // Names are those of the modules, as in the checkpoint of the same network.
  expect(graph.nodes[2]).toMatchObject({
    name: "layer1.0.conv1",
    inputs: ["Relu", "layer1.0.conv1.weight", "layer1.0.conv1.bias"],
  });
  expect(graph.nodes.at(-1)).toMatchObject({ name: "linear", outputs: ["logits"] });

  expect(simplifyForImport(graph)).toBe(graph);
  expectSameOutputs(await runGraph(graph), await runModel(bytes, original), 1e-5);
});

/** Convolution, then batch normalization, as exporters that fold nothing leave them. */
function convolution(g: GraphBuilder, x: string, name: string, shape: readonly number[], group = 1): string {
  const channels = shape[0]!;
  const padding = shape[2] === 3 ? [1, 1, 1, 1] : [0, 0, 0, 0];
  const w = g.constant(weights(shape), `${name}.weight`);
  const conv = g.op("Conv", [x, w], { group, pads: padding }, { name: `node_${name}` });
  const statistics = ["weight", "bias", "running_mean"].map((key, i) =>
    g.constant(weights([channels], i), `${name}.bn.${key}`),
  );
  const variance = g.constant(positive([channels]), `${name}.bn.running_var`);
  return g.op("BatchNormalization", [conv, ...statistics, variance], { epsilon: 1e-5 }, { name: `node_${name}_bn` });
}

/** An inverted residual with squeeze-and-excitation, then a classifier, spelled as exporters do before simplification. */
const mobile = (): Graph =>
  graphOf(["N", 3, 8, 8], (g, x) => {
    const [six, zero] = [g.scalar(6, "six"), g.scalar(0, "zero")];
    const stem = g.op("Clip", [convolution(g, x, "stem", [4, 3, 3, 3]), zero, six]);
    const expanded = convolution(g, stem, "expand", [8, 4, 1, 1]);
    const swish = g.op("Mul", [expanded, g.op("HardSigmoid", [expanded], { alpha: Math.fround(1 / 6) })]);
    const depthwise = g.op("Relu", [convolution(g, swish, "depthwise", [8, 1, 3, 3], 8)]);
    const squeezed = g.op("ReduceMean", [depthwise, g.ints([-1, -2], "hw")], { keepdims: 1 });
    const gate = g.op("HardSigmoid", [convolution(g, squeezed, "gate", [8, 8, 1, 1])]);
    const projected = convolution(g, g.op("Mul", [depthwise, gate]), "project", [4, 8, 1, 1]);
    const both = g.op("Concat", [g.op("Add", [stem, projected]), stem], { axis: 1 });
    const pooled = g.op("GlobalAveragePool", [g.op("Identity", [both])]);
    const batch = g.op("Gather", [g.op("Shape", [pooled]), g.ints([0], "first")], { axis: 0 });
    const flat = g.op("Reshape", [pooled, g.op("Concat", [batch, g.ints([-1], "rest")], { axis: 0 })]);
    const dropped = g.op("Dropout", [flat]);
    const fc = g.op("MatMul", [dropped, g.constant(weights([8, 5]), "classifier.weight")]);
    return [g.op("Add", [fc, g.constant(weights([5]), "classifier.bias")], {}, { name: "logits" })];
  });

test.each([13, 18, 21])("a mobile network written at opset %i", async (opset) => {
  const original = readOnnx(writeOnnx(mobile(), { opset }));
  const graph = simplifyForImport(original);
  expect(operatorsOf(graph)).toEqual([
    ...["Conv", "Clip", "Conv", "HardSwish", "Conv", "Relu"],
    ...["GlobalAveragePool", "Conv", "HardSigmoid", "Mul", "Conv", "Add", "Concat"],
    ...["GlobalAveragePool", "Flatten", "Gemm"],
  ]);
  expect(graph.nodes.filter(({ op }) => op === "Conv" || op === "Gemm").map(({ name }) => name)).toEqual([
    "stem",
    "expand",
    "depthwise",
    "gate",
    "project",
    "classifier",
  ]);
  expectSameOutputs(await runGraph(graph), await runGraph(original), 1e-5);
});

test("all operators that are left and not supported are named", () => {
  const graph = graphOf(["N", 3], (g, x) => [
    g.op("Einsum", [g.op("Identity", [x])], {}, { name: "attention" }),
    g.op("NonZero", [x], {}, { name: "mask" }),
  ]);
  expect(() => simplifyForImport(graph)).toThrow(
    /these operators are not supported: Einsum \("attention"\); NonZero \("mask"\)/,
  );
});

test("a damaged file that can still be read is simplified or refused with a ModelError", () => {
  const file = writeOnnx(mobile(), { opset: 18 });
  const change = fc.tuple(fc.nat({ max: file.length - 1 }), fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 255 })));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const bytes = file.slice();
      for (const [at, value] of changes) bytes[at] = value;
      try {
        simplifyForImport(readOnnx(bytes));
      } catch (error) {
        if (!(error instanceof ModelError)) throw error;
      }
    }),
    { numRuns: 200 },
  );
});
