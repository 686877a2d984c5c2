/** An 8-bit layer of ours is ONNX's QLinearConv, bit for bit, as ONNX Runtime computes it. */
import { type Graph, type Tensor, writeOnnx } from "@subbyte/graph";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { program, Random, randomWeights, tensor } from "../../test/programs.js";
import type { ConvOperator, Operator, Program } from "../program/program.js";
import { createReference } from "../reference/reference.js";

interface Layer {
  readonly label: string;
  readonly input: readonly [number, number, number];
  readonly outputs: number;
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: readonly [number, number];
  readonly groups?: number;
  /** Makes accumulators exceed 2^24, where their conversion to float32 rounds. */
  readonly largeBias?: boolean;
}

const layers: readonly Layer[] = [
  { label: "3×3", input: [3, 9, 9], outputs: 16, size: [9, 9], kernel: [3, 3], pads: [1, 1, 1, 1] },
  {
    label: "7×7 stride 2",
    input: [3, 20, 18],
    outputs: 8,
    size: [10, 9],
    kernel: [7, 7],
    strides: [2, 2],
    pads: [3, 3, 3, 3],
  },
  { label: "1×1", input: [3, 5, 7], outputs: 11, size: [5, 7], kernel: [1, 1] },
  { label: "dilated", input: [1, 12, 12], outputs: 4, size: [8, 8], kernel: [3, 3], dilations: [2, 2] },
  { label: "grouped", input: [3, 8, 8], outputs: 6, size: [8, 8], kernel: [3, 3], groups: 3, pads: [1, 1, 1, 1] },
  {
    label: "large sums",
    input: [3, 9, 9],
    outputs: 64,
    size: [9, 9],
    kernel: [3, 3],
    pads: [1, 1, 1, 1],
    largeBias: true,
  },
];

function layerProgram(layer: Layer, random: Random): Program {
  const groups = layer.groups ?? 1;
  const shape = [layer.outputs, ...layer.size];
  const fanIn = (layer.input[0] / groups) * layer.kernel[0] * layer.kernel[1];
  const flat = shape.reduce((product, n) => product * n, 1);
  const quantization = {
    // About 50 steps a standard deviation of the sums, so that results spread over the codes.
    scale: Math.fround(layer.largeBias ? 300 : (0.006 + 0.003 * random.next()) * Math.sqrt(fanIn)),
    zeroPoint: random.integer(0, 255),
  };
  const largest = layer.largeBias ? 2 ** 28 : 3000;
  const op: Operator = {
    op: "conv",
    name: "conv",
    input: 0,
    output: 1,
    weights: randomWeights(random, [layer.outputs, layer.input[0] / groups, ...layer.kernel], 7),
    bias: Int32Array.from({ length: layer.outputs }, () => random.integer(-largest, largest)),
    strides: layer.strides ?? [1, 1],
    pads: layer.pads ?? [0, 0, 0, 0],
    dilations: layer.dilations ?? [1, 1],
    groups,
    lo: 0,
    hi: 255,
  };
  return program(
    [
      tensor("x", layer.input, { scale: Math.fround(0.01 + 0.02 * random.next()), zeroPoint: random.integer(0, 255) }),
      tensor("y", shape, quantization),
      tensor("flat", [flat], quantization),
    ],
    [op, { op: "reshape", name: "f", input: 1, output: 2 }, { op: "dequantize", name: "d", input: 2 }],
  );
}

/** The same layer as a model of one QLinearConv node. */
function qlinearConv({ tensors }: Program, op: ConvOperator): Graph {
  const [x, y] = tensors;
  const constant = (dtype: Tensor["dtype"], shape: readonly number[], data: Tensor["data"]): Tensor => ({
    dtype,
    shape,
    data,
  });
  const scalar = (scale: number) => constant("float32", [], Float32Array.of(scale));
  const zero = (z: number) => constant("uint8", [], Uint8Array.of(z));
  const channels = op.bias.length;
  return {
    name: "layer",
    inputs: [{ name: "x", dtype: "uint8", shape: [1, ...x!.shape] }],
    outputs: ["y"],
    nodes: [
      {
        name: "conv",
        op: "QLinearConv",
        domain: "",
        inputs: ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"],
        outputs: ["y"],
        attributes: {
          kernel_shape: op.weights.shape.slice(2),
          strides: op.strides,
          pads: op.pads,
          dilations: op.dilations,
          group: op.groups,
        },
      },
    ],
    tensors: new Map([
      ["xs", scalar(x!.scale)],
      ["xz", zero(x!.zeroPoint)],
      ["w", constant("int8", op.weights.shape, op.weights.codes)],
      ["ws", constant("float32", [channels], op.weights.scales)],
      ["wz", constant("int8", [channels], new Int8Array(channels))],
      ["ys", scalar(y!.scale)],
      ["yz", zero(y!.zeroPoint)],
      ["b", constant("int32", [channels], op.bias)],
    ]),
  };
}

describe("a convolution with weights within 7 bits equals onnxruntime's QLinearConv on every output", () => {
  for (const layer of layers)
    test(layer.label, async () => {
      for (let seed = 1; seed <= 8; seed++) {
        const random = new Random(seed);
        const p = layerProgram(layer, random);
        const codes = random.bytes(layer.input.reduce((product, n) => product * n, 1));
        const op = p.operators[0] as ConvOperator;
        let ours: number[] = [];
        const trace = (_: Operator, i: number, y: Uint8Array | Float32Array) => {
          if (i === 0) ours = [...y];
        };
        createReference(p, { trace }).runCodes(codes);
        const session = await ort.InferenceSession.create(writeOnnx(qlinearConv(p, op)));
        const { y } = await session.run({ x: new ort.Tensor("uint8", codes, [1, ...layer.input]) });
        await session.release();
        expect([...(y!.data as Uint8Array)]).toEqual(ours);
        expect(new Set(ours).size).toBeGreaterThan(20);
      }
    });
});
