/** Opsets 18 to 25: what we write runs in ONNX Runtime and is read back; and files of each opset are read as they compute. */

import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import type { Feeds } from "../../test/every-level.js";
import { type RawNode, rawFile } from "../../test/onnx-files.js";
import { expectSameOutputs } from "../../test/passes.js";
import { type Output, runGraph, runModel } from "../../test/runtime.js";
import { buildSample } from "../../test/samples/build.js";
import { samples } from "../../test/samples/index.js";
import { ModelError } from "../errors.js";
import { printGraph } from "../ir/printer.js";
import { float32, int64 } from "../ir/tensor.js";
import type { Graph, Tensor, TypedArray } from "../ir/types.js";
import { simplifyForImport } from "../passes/simplify.js";
import { readOnnx } from "./reader.js";
import { writeOnnx } from "./writer.js";

const opsets = [18, 19, 20, 21, 22, 23, 24, 25];

async function outputsOf(bytes: Uint8Array, { outputs }: Graph, feeds: Feeds): Promise<Output[]> {
  const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: "disabled", logSeverityLevel: 3 });
  const given = [...feeds].map(([name, { data, shape }]) => [
    name,
    new ort.Tensor("float32", data as Float32Array, shape),
  ]);
  const results = await session.run(Object.fromEntries(given));
  await session.release();
  return outputs.map((name) => ({ dims: results[name]!.dims, data: results[name]!.data as TypedArray }));
}

/** Undefined if the opset lacks the operator. */
function written(graph: Graph, opset: number): Uint8Array | undefined {
  try {
    return writeOnnx(graph, { opset });
  } catch (error) {
    if (error instanceof ModelError && error.code === "unsupported-opset") return undefined;
    throw error;
  }
}

test.each(opsets)("every operator at opset %i gives what it gives at the newest", async (opset) => {
  let runs = 0;
  for (const sample of samples) {
    const { graph, feeds } = buildSample(sample);
    const bytes = written(graph, opset);
    if (!bytes) continue;
    const [found, expected] = [bytes, writeOnnx(graph, { opset: 25 })].map((each) => outputsOf(each, graph, feeds));
    // Kernels of older opsets add in another order.
    expectSameOutputs(await found!, await expected!, 1e-6);
    expect(printGraph(readOnnx(bytes))).toBe(printGraph(readOnnx(writeOnnx(graph, { opset: 25 }))));
    runs++;
  }
  expect(runs).toBeGreaterThan(0.9 * samples.length);
});

interface Case {
  readonly label: string;
  readonly since: number;
  /** The last opset at which ONNX Runtime executes it. */
  readonly until?: number;
  readonly node: RawNode;
  readonly next?: RawNode;
  readonly tensors?: Readonly<Record<string, Tensor>>;
}

const node = (op: string, more: Partial<RawNode> = {}): RawNode => ({ op, inputs: ["x"], outputs: ["y"], ...more });
const scale = float32([0.1], []);

/** Operators as files spell them, each from the first opset that has it. */
const cases: readonly Case[] = [
  {
    label: "axes as input",
    since: 18,
    node: node("ReduceMean", { inputs: ["x", "axes"] }),
    tensors: { axes: int64([2, 3]) },
  },
  {
    label: "no axes, no operation",
    since: 18,
    node: node("ReduceMax", { ints: { noop_with_empty_axes: 1 } }),
  },
  {
    label: "as many as outputs",
    since: 18,
    node: node("Split", { outputs: ["y", "z"], ints: { axis: 2, num_outputs: 2 } }),
  },
  {
    label: "axes",
    since: 18,
    node: node("Pad", { inputs: ["x", "pads", "", "axes"] }),
    tensors: { pads: int64([1, 2]), axes: int64([3]) },
  },
  { label: "", since: 18, node: node("Mish") },
  {
    label: "dilations",
    since: 19,
    node: node("AveragePool", { ints: { kernel_shape: [2, 2], dilations: [2, 2] } }),
  },
  { label: "tanh", since: 20, node: node("Gelu", { ints: { approximate: "tanh" } }) },
  { label: "", since: 20, node: node("Gelu") },
  {
    label: "16 bits",
    since: 21,
    node: node("QuantizeLinear", { inputs: ["x", "s", "z"], outputs: ["q"] }),
    next: node("DequantizeLinear", { inputs: ["q", "s", "z"] }),
    tensors: { s: scale, z: { dtype: "uint16", shape: [], data: Uint16Array.of(300) } },
  },
  {
    label: "type as attribute",
    since: 21,
    node: node("QuantizeLinear", { inputs: ["x", "s"], outputs: ["q"], ints: { output_dtype: 3 } }),
    next: node("DequantizeLinear", { inputs: ["q", "s"] }),
    tensors: { s: scale },
  },
  { label: "alpha", since: 24, until: 24, node: node("Swish", { floats: { alpha: 1.5 } }) },
  { label: "with padding", since: 22, node: node("MaxPool", { ints: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] } }) },
  { label: "", since: 22, node: node("HardSwish") },
  {
    label: "of channels",
    since: 22,
    node: node("BatchNormalization", { inputs: ["x", "g", "b", "m", "v"] }),
    tensors: { g: float32([2]), b: float32([1]), m: float32([0.5]), v: float32([0.25]) },
  },
  { label: "to one row", since: 23, node: node("Flatten", { ints: { axis: 0 } }) },
  { label: "open", since: 23, node: node("Reshape", { inputs: ["x", "to"] }), tensors: { to: int64([0, -1]) } },
];

describe.each(opsets)("files of opset %i", (opset) => {
  const known = cases.filter(({ since, until = 25 }) => since <= opset && opset <= until);
  test.each(known.map((each) => [`${each.node.op} ${each.label}`, each] as const))("%s", async (_, each) => {
    const nodes = each.next ? [each.node, each.next] : [each.node];
    const bytes = rawFile(opset, ["N", 1, 4, 4], nodes, each.tensors);
    const graph = readOnnx(bytes);
    const expected = await runModel(bytes, graph);
    expectSameOutputs(await runGraph(graph), expected, 1e-6);
    expectSameOutputs(await runGraph(simplifyForImport(graph)), expected, 1e-5);
  });
});
