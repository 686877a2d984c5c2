import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { expectSameOutputs } from "../../test/passes.js";
import { runGraph, runModel } from "../../test/runtime.js";
import { sharedFile } from "../../test/shared.js";
import { toNumbers } from "../ir/tensor.js";
import { readOnnx } from "../onnx/reader.js";
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

  expect(simplifyForImport(graph)).toBe(graph);
  expectSameOutputs(await runGraph(graph), await runModel(bytes, original), 1e-5);
});
