/** @file A network with activation functions in the forms that exporters write, of several operators each. */

import { float32, type Graph, GraphBuilder } from "@subbyte/graph";
import { Random } from "../random.js";
import { randomTensor } from "./networks.js";

type Activation = (b: GraphBuilder, x: string, channels: number) => string;

const unary =
  (op: string, attributes = {}): Activation =>
  (b, x) =>
    b.op(op, [x], attributes);

const sixth = (b: GraphBuilder, x: string): string => {
  const gate = b.op("Clip", [b.op("Add", [x, b.scalar(3)]), b.scalar(0), b.scalar(6)]);
  return b.op("Div", [gate, b.scalar(6)]);
};

/** Activations by name, in the form in which the exporter in the name writes them. */
export const exportedActivations: Readonly<Record<string, Activation>> = {
  "SiLU (PyTorch)": (b, x) => b.op("Mul", [x, b.op("Sigmoid", [x])]),
  "HardSwish (tf2onnx)": (b, x) => b.op("Mul", [sixth(b, x), x]),
  "GELU (PyTorch)": (b, x) => {
    const normal = b.op("Add", [b.op("Erf", [b.op("Div", [x, b.scalar(Math.SQRT2)])]), b.scalar(1)]);
    return b.op("Mul", [b.op("Mul", [x, normal]), b.scalar(0.5)]);
  },
  "GELU by tanh (tf2onnx)": (b, x) => {
    const cube = b.op("Mul", [b.op("Pow", [x, b.scalar(3)]), b.scalar(0.044715)]);
    const angle = b.op("Mul", [b.op("Add", [x, cube]), b.scalar(Math.sqrt(2 / Math.PI))]);
    return b.op("Mul", [b.op("Mul", [b.op("Add", [b.op("Tanh", [angle]), b.scalar(1)]), b.scalar(0.5)]), x]);
  },
  "Mish (PyTorch)": (b, x) => b.op("Mul", [x, b.op("Tanh", [b.op("Softplus", [x])])]),
  Mish: unary("Mish"),
  Gelu: unary("Gelu"),
  Elu: unary("Elu", { alpha: 0.8 }),
  Selu: unary("Selu"),
  Celu: unary("Celu"),
  Softplus: unary("Softplus"),
  LeakyRelu: unary("LeakyRelu", { alpha: 0.1 }),
  "LeakyReLU by Max (Keras)": (b, x) => b.op("Max", [b.op("Mul", [x, b.scalar(0.2)]), x]),
  "PRelu per channel": (b, x, channels) => {
    const slopes = Float32Array.from({ length: channels }, (_, c) => 0.1 + c / (2 * channels));
    return b.op("PRelu", [x, b.constant(float32(slopes, [channels, 1, 1]))]);
  },
};

/**
 * Convolutions, each followed by a different function, in a residual network: `[N, 3, 16, 16]` → `[N, 5]`.
 * @param without names of `exportedActivations` to leave out
 */
export function manyActivations(seed: number, without: readonly string[] = []): Graph {
  const random = new Random(seed);
  const b = new GraphBuilder("many-activations");
  const channels = 6;
  const conv = (name: string, x: string, inputs: number) => {
    const weight = b.constant(
      randomTensor(random, [channels, inputs, 3, 3], Math.sqrt(2 / (9 * inputs))),
      `${name}.weight`,
    );
    const bias = b.constant(randomTensor(random, [channels], 0.1), `${name}.bias`);
    return b.op("Conv", [x, weight, bias], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }, { name });
  };
  let x = conv("stem", b.input("input", "float32", ["N", 3, 16, 16]), 3);
  const chosen = Object.entries(exportedActivations).filter(([name]) => !without.includes(name));
  for (const [i, [, activation]] of chosen.entries())
    x = b.op("Add", [x, activation(b, conv(`conv${i}`, x, channels), channels)]);
  const weight = b.constant(randomTensor(random, [5, channels], 0.5), "fc.weight");
  const pooled = b.op("Flatten", [b.op("GlobalAveragePool", [x])], { axis: 1 });
  b.output(b.op("Gemm", [pooled, weight], { transB: 1 }, { name: "fc" }));
  return b.build();
}
