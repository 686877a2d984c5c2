/** Operators as older opsets write them: ONNX Runtime computes the same from the file and from what was read. */

import { describe, expect, test } from "vitest";
import { type RawNode, rawFile } from "../../test/onnx-files.js";
import { expectSameOutputs } from "../../test/passes.js";
import { runGraph, runModel } from "../../test/runtime.js";
import { float32, int64 } from "../ir/tensor.js";
import type { Dim, Tensor } from "../ir/types.js";
import { simplifyForImport } from "../passes/simplify.js";
import { readOnnx } from "./reader.js";

interface Case {
  readonly label: string;
  readonly opset: number;
  readonly nodes: readonly RawNode[];
  readonly shape?: readonly Dim[];
  readonly tensors?: Readonly<Record<string, Tensor>>;
}

const one = (op: string, opset: number, more: Partial<RawNode> = {}, label = ""): Case => ({
  label: `${op} ${label}`,
  opset,
  nodes: [{ op, inputs: ["x"], outputs: ["y"], ...more }],
});

const cases: readonly Case[] = [
  one("Clip", 7, { floats: { min: -0.25, max: 0.5 } }),
  one("Clip", 10, { floats: { max: 0.5 } }, "from above"),
  one("Clip", 9, {}, "without bounds"),
  one("Pad", 7, { ints: { pads: [0, 0, 1, 2, 0, 1, 0, 0] }, floats: { value: 0.5 } }),
  one("Pad", 10, { ints: { pads: [0, 0, 1, 1, 0, 0, 1, 1], mode: "reflect" } }, "reflect"),
  one("Slice", 9, { ints: { starts: [1, -3], ends: [3, 1000], axes: [2, 3] } }),
  one("Slice", 7, { ints: { starts: [0, 1], ends: [1, 3] } }, "without axes"),
  one("Squeeze", 12, { ints: { axes: [1] } }),
  one("Unsqueeze", 11, { ints: { axes: [0, -1] } }),
  one("ReduceSum", 12, { ints: { axes: [2, 3], keepdims: 0 } }),
  one("ReduceMean", 17, { ints: { axes: [-1, 2], keepdims: 0 } }),
  one("ReduceMax", 11, { ints: { axes: [1] } }),
  one("Split", 12, { outputs: ["a", "b"], ints: { axis: 2, split: [1, 4] } }),
  one("Split", 11, { outputs: ["a", "b", "c", "d", "e"], ints: { axis: 3 } }, "in equal parts"),
  one("Softmax", 12, {}, "over all but the batch"),
  one("Softmax", 11, { ints: { axis: 3 } }, "over the last axis"),
  one("LogSoftmax", 7, { ints: { axis: 2 } }),
  one("Dropout", 7, { floats: { ratio: 0.4 } }),
  one("Dropout", 10, { floats: { ratio: 0.4 } }),
  one("Flatten", 8, { ints: { axis: 1 } }),
  one("MaxPool", 8, { ints: { kernel_shape: [2, 2], strides: [2, 2], pads: [0, 0, 1, 1] } }),
  one("AveragePool", 7, { ints: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 } }),
  {
    ...one("BatchNormalization", 7, { inputs: ["x", "g", "b", "m", "v"], floats: { epsilon: 0.01 } }),
    tensors: { g: float32([2]), b: float32([1]), m: float32([0.5]), v: float32([0.25]) },
  },
  {
    ...one("Gemm", 10, { inputs: ["x", "w", "c"], ints: { transB: 1 }, floats: { beta: 0.5 } }),
    shape: ["N", 3],
    tensors: { w: float32([1, 2, 3, 4, 5, 6], [2, 3]), c: float32([1, 2]) },
  },
  { ...one("Reshape", 7, { inputs: ["x", "to"] }), tensors: { to: int64([0, -1]) } },
];

const title = ({ label, opset }: Case): string => `${label} of opset ${opset}`;

describe("an older form computes what it did", () => {
  test.each(cases.map((each) => [title(each), each] as const))("%s", async (_, { opset, nodes, shape, tensors }) => {
    const bytes = rawFile(opset, shape ?? ["N", 1, 5, 5], nodes, tensors);
    const graph = readOnnx(bytes);
    const expected = await runModel(bytes, graph);
    expectSameOutputs(await runGraph(graph), expected, 1e-6);
    expectSameOutputs(await runGraph(simplifyForImport(graph)), expected, 1e-5);
  });
});

describe("what opsets before 7 wrote, which ONNX Runtime does not execute, is what opset 13 writes", () => {
  const [c, image] = [float32([1, -2]), ["N", 2, 3, 3] as const];
  const perChannel = { ...float32([1, -2], [2, 1, 1]) };
  const row = float32([1, 2, 3]);
  const stats = { g: c, b: c, m: c, v: float32([1, 2]) };
  const inputs = ["x", "g", "b", "m", "v"];

  test.each<[string, number, RawNode, RawNode, Readonly<Record<string, Tensor>>, Readonly<Record<string, Tensor>>]>([
    [
      "Add of one value per channel",
      6,
      { op: "Add", inputs: ["x", "c"], outputs: ["y"], ints: { axis: 1, broadcast: 1 } },
      { op: "Add", inputs: ["x", "c"], outputs: ["y"] },
      { c },
      { c: perChannel },
    ],
    [
      "Mul by the last dimension",
      6,
      { op: "Mul", inputs: ["x", "c"], outputs: ["y"], ints: { broadcast: 1 } },
      { op: "Mul", inputs: ["x", "c"], outputs: ["y"] },
      { c: row },
      { c: row },
    ],
    [
      "Div by an axis that is counted from the end",
      1,
      { op: "Div", inputs: ["x", "c"], outputs: ["y"], ints: { axis: -3, broadcast: 1, consumed_inputs: [0, 0] } },
      { op: "Div", inputs: ["x", "c"], outputs: ["y"] },
      { c },
      { c: perChannel },
    ],
    [
      "PRelu",
      6,
      { op: "PRelu", inputs: ["x", "c"], outputs: ["y"] },
      { op: "PRelu", inputs: ["x", "c"], outputs: ["y"] },
      { c },
      { c: perChannel },
    ],
    [
      "BatchNormalization",
      1,
      { op: "BatchNormalization", inputs, outputs: ["y"], ints: { is_test: 1, consumed_inputs: [0, 0, 0, 1, 1] } },
      { op: "BatchNormalization", inputs, outputs: ["y"] },
      stats,
      stats,
    ],
    [
      "Reshape",
      1,
      { op: "Reshape", inputs: ["x"], outputs: ["y"], ints: { shape: [0, -1] } },
      { op: "Reshape", inputs: ["x", "to"], outputs: ["y"] },
      {},
      { to: int64([0, -1]) },
    ],
    [
      "Pad",
      1,
      { op: "Pad", inputs: ["x"], outputs: ["y"], ints: { paddings: [0, 0, 1, 0, 0, 0, 0, 2] } },
      { op: "Pad", inputs: ["x", "pads"], outputs: ["y"] },
      {},
      { pads: int64([0, 0, 1, 0, 0, 0, 0, 2]) },
    ],
    [
      "Concat",
      1,
      { op: "Concat", inputs: ["x", "x"], outputs: ["y"] },
      { op: "Concat", inputs: ["x", "x"], outputs: ["y"], ints: { axis: 1 } },
      {},
      {},
    ],
  ])("%s of opset %i", async (_, opset, old, plain, tensors, newer) => {
    const graph = readOnnx(rawFile(opset, image, [old], tensors));
    const expected = await runGraph(readOnnx(rawFile(13, image, [plain], newer)));
    expectSameOutputs(await runGraph(graph), expected, 1e-6);
    const simple = simplifyForImport(graph);
    expectSameOutputs(await runGraph(simple), expected, 1e-5);
    expect(simple.nodes).toHaveLength(1);
  });

  test("a form that was withdrawn is refused by name", () => {
    const node: RawNode = { op: "Tile", inputs: ["x", "x", "x"], outputs: ["y"] };
    expect(() => readOnnx(rawFile(5, [2], [node]))).toThrow(/Tile "[^"]*" repeats along one axis/);
  });
});

test("ImageScaler, which newer runtimes lack, becomes a factor and an offset per channel", async () => {
  const node: RawNode = { op: "ImageScaler", inputs: ["x"], outputs: ["y"], floats: { scale: 2, bias: [1, -1] } };
  const graph = readOnnx(rawFile(8, [1, 2, 1, 1], [node]));
  const reference = readOnnx(
    rawFile(
      13,
      [1, 2, 1, 1],
      [
        { op: "Mul", inputs: ["x", "two"], outputs: ["m"] },
        { op: "Add", inputs: ["m", "offset"], outputs: ["y"] },
      ],
      { two: float32([2], []), offset: float32([1, -1], [1, 2, 1, 1]) },
    ),
  );
  expectSameOutputs(await runGraph(graph), await runGraph(reference), 0);
});

test("Swish of opset 24 is x·sigmoid(alpha·x)", () => {
  const graph = readOnnx(rawFile(24, [2], [{ op: "Swish", inputs: ["x"], outputs: ["y"], floats: { alpha: 1.5 } }]));
  expect(graph.nodes.map(({ op }) => op)).toEqual(["Mul", "Sigmoid", "Mul"]);
});

test.each([
  ["training form", { outputs: ["y", "m", "v"] }],
  ["spatial = 0", { ints: { spatial: 0 } }],
])("BatchNormalization in %s is refused", (message, more) => {
  const stats = { g: float32([2]), b: float32([1]), m0: float32([0.5]), v0: float32([0.25]) };
  const node = { op: "BatchNormalization", inputs: ["x", "g", "b", "m0", "v0"], outputs: ["y"], ...more };
  expect(() => readOnnx(rawFile(7, [1, 1, 2, 2], [node], stats))).toThrow(message);
});
