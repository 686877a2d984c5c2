/** Forms of quantized files, one by one. */

import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../ir/builder.js";
import { float32 } from "../ir/tensor.js";
import type { DType, Graph, Tensor } from "../ir/types.js";
import { evaluate } from "../reference/interpreter.js";
import { fromQdq } from "./from-qdq.js";

const codes = (dtype: DType, shape: readonly number[], data: readonly number[]): Tensor => ({
  dtype,
  shape,
  data: (dtype[0] === "u" ? Uint8Array : Int8Array).from(data),
});

/** Weights `[2, 1, 1, 2]` as codes; per channel: scales 0.5 and 0.25. */
const weightCodes = [3, -4, 100, -127];
const scales = float32([0.5, 0.25]);
const zeros = codes("int8", [2], [0, 0]);
const real = float32([1.5, -2, 25, -31.75], [2, 1, 1, 2]);

interface Parts {
  readonly activation?: (b: GraphBuilder, x: string) => string;
  readonly weights?: (b: GraphBuilder) => string;
}

const pair = (b: GraphBuilder, x: string): string => {
  const parameters = [b.constant(float32([0.1], []), "s"), b.constant(codes("uint8", [], [3]), "z")];
  return b.op("DequantizeLinear", [b.op("QuantizeLinear", [x, ...parameters]), ...parameters]);
};

const dequantized = (b: GraphBuilder): string => {
  const inputs = [
    b.constant(codes("int8", [2, 1, 1, 2], weightCodes), "w"),
    b.constant(scales, "ws"),
    b.constant(zeros, "wz"),
  ];
  return b.op("DequantizeLinear", inputs, { axis: 0 });
};

function network({ activation = pair, weights = dequantized }: Parts): Graph {
  const b = new GraphBuilder("quantized");
  const x = activation(b, b.input("x", "float32", [1, 1, 2, 2]));
  b.output(b.op("Conv", [x, weights(b)], { kernel_shape: [1, 2] }));
  return b.build();
}

/** The FakeQuant nodes of a graph: their bit widths, and scale and zero point of the first channel. */
const grids = (graph: Graph) =>
  graph.nodes.flatMap(({ op, inputs, attributes }) => {
    if (op !== "FakeQuant") return [];
    const [scale, zeroPoint] = inputs.slice(1).map((name) => graph.tensors.get(name)!.data[0]);
    return [{ bits: attributes.bits, signed: attributes.signed, scale, zeroPoint }];
  });

const x = float32([-0.9, 0.26, 0.74, 30], [1, 1, 2, 2]);
/** The result of the nodes according to ONNX. */
const outputOf = (graph: Graph) =>
  Array.from(evaluate(graph, new Map([["x", x]])).get(graph.outputs[0]!)!.data, Number);

const ofActivation = { bits: 8, signed: 0, scale: Math.fround(0.1), zeroPoint: 3 };
const ofWeights = { bits: 8, signed: 1, scale: 0.5, zeroPoint: 0 };

test("pairs of activations and codes of weights become FakeQuant nodes of the same values", () => {
  const graph = fromQdq(network({}));
  expect(grids(graph)).toEqual([ofActivation, ofWeights]);
  expect(graph.nodes.map(({ op }) => op)).toEqual(["FakeQuant", "FakeQuant", "Conv"]);
  const [, quantized] = graph.nodes;
  expect(graph.tensors.get(quantized!.inputs[0]!)!.data).toEqual(real.data);
});

describe("codes of weights behind other nodes", () => {
  test("float weights with QuantizeLinear and DequantizeLinear behind them, and a Clip between", () => {
    const graph = fromQdq(
      network({
        weights: (b) => {
          const parameters = [b.constant(scales, "ws"), b.constant(zeros, "wz")];
          const quantized = b.op("QuantizeLinear", [b.constant(real, "w"), ...parameters], { axis: 0 });
          const bounds = [-8, 7].map((bound, i) => b.constant(codes("int8", [], [bound]), `bound${i}`));
          return b.op("DequantizeLinear", [b.op("Clip", [quantized, ...bounds]), ...parameters], { axis: 0 });
        },
      }),
    );
    expect(grids(graph)).toEqual([ofActivation, { ...ofWeights, bits: 4 }]);
    expect(graph.tensors.get(graph.nodes[1]!.inputs[0]!)!.data).toEqual(Float32Array.of(1.5, -2, 1.75, -2));
  });

  test("scales that the file computes from the weights", () => {
    const graph = fromQdq(
      network({
        weights: (b) => {
          const w = b.constant(real, "w");
          const axes = { dtype: "int64", shape: [3], data: BigInt64Array.of(1n, 2n, 3n) } as const;
          const largest = b.op("ReduceMax", [b.op("Abs", [w]), b.constant(axes, "axes")], { keepdims: 0 });
          const parameters = [
            b.op("Div", [largest, b.constant(float32([4, 127], [2]), "codes")]),
            b.constant(zeros, "wz"),
          ];
          const quantized = b.op("QuantizeLinear", [w, ...parameters], { axis: 0 });
          return b.op("DequantizeLinear", [quantized, ...parameters], { axis: 0 });
        },
      }),
    );
    expect(grids(graph)).toEqual([ofActivation, ofWeights]);
    expect(graph.tensors.get(graph.nodes[1]!.inputs[0]!)!.data).toEqual(real.data);
  });

  test("a Transpose between DequantizeLinear and the layer", () => {
    const graph = fromQdq(
      network({
        weights: (b) => {
          // HWIO, as TensorFlow has it.
          const stored = codes("int8", [1, 2, 1, 2], [3, 100, -4, -127]);
          const inputs = [b.constant(stored, "w"), b.constant(scales, "ws"), b.constant(zeros, "wz")];
          return b.op("Transpose", [b.op("DequantizeLinear", inputs, { axis: 3 })], { perm: [3, 2, 0, 1] });
        },
      }),
    );
    expect(grids(graph)).toEqual([ofActivation, ofWeights]);
    expect(graph.tensors.get(graph.nodes[1]!.inputs[0]!)!.data).toEqual(real.data);
  });
});

describe("activations of fewer bits", () => {
  const clipped = (low: number, high: number) =>
    network({
      activation: (b, value) => {
        const parameters = [b.constant(float32([0.1], []), "s"), b.constant(codes("int8", [], [1]), "z")];
        const bounds = [low, high].map((bound, i) => b.constant(codes("int8", [], [bound]), `low${i}`));
        const quantized = b.op("QuantizeLinear", [value, ...parameters]);
        return b.op("DequantizeLinear", [b.op("Clip", [quantized, ...bounds]), ...parameters]);
      },
    });

  test("a Clip of the codes says how many there are", () => {
    expect(grids(fromQdq(clipped(-8, 7)))[0]).toEqual({ ...ofActivation, bits: 4, zeroPoint: 9 });
  });

  test.each([
    [-7, 7],
    [2, 9],
  ])("codes from %i to %i are no grid of FakeQuant; the nodes stay", (low, high) => {
    const graph = clipped(low, high);
    const same = fromQdq(graph);
    expect(grids(same)).toEqual([]);
    expect(outputOf(same)).toEqual(outputOf(graph));
  });
});

test("a graph whose activations stay in float keeps its weights as numbers", () => {
  const graph = fromQdq(network({ activation: (_, value) => value }));
  expect(graph.nodes.map(({ op }) => op)).toEqual(["Conv"]);
  expect(outputOf(graph)).toEqual(outputOf(network({ activation: (_, value) => value })));
});
