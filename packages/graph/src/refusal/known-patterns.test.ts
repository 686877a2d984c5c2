import { expect, test } from "vitest";
import { GraphBuilder } from "../ir/builder.js";
import { float32 } from "../ir/tensor.js";
import { adviceFor } from "./known-patterns.js";

type Build = (g: GraphBuilder, x: string) => string;

function advice(build: Build): string {
  const g = new GraphBuilder("net");
  g.output(build(g, g.input("x", "float32", ["N", 4, 6])));
  const graph = g.build();
  return adviceFor(graph, graph.nodes);
}

const weight = (g: GraphBuilder) => g.constant(float32(new Float32Array(36), [6, 6]));
const project: Build = (g, x) => g.op("MatMul", [x, weight(g)]);

/** LayerNorm as PyTorch writes it before opset 17. */
const layerNorm: Build = (g, x) => {
  const centred = g.op("Sub", [x, g.op("ReduceMean", [x, g.ints([-1])])]);
  const variance = g.op("ReduceMean", [g.op("Pow", [centred, g.scalar(2)]), g.ints([-1])]);
  const deviation = g.op("Sqrt", [g.op("Add", [variance, g.scalar(1e-5)])], {}, { name: "deviation" });
  return g.op("Div", [centred, deviation]);
};
/** The same between transpositions, with a square by multiplication, as tf2onnx writes it. */
const transposedNorm: Build = (g, x) => {
  const centred = g.op("Sub", [x, g.op("ReduceMean", [x, g.ints([-1])])]);
  const variance = g.op("ReduceMean", [g.op("Mul", [centred, centred]), g.ints([-1])]);
  const moved = g.op("Transpose", [variance], { perm: [0, 2, 1] });
  const deviation = g.op("Sqrt", [g.op("Add", [moved, g.scalar(1e-5)])], {}, { name: "deviation" });
  return g.op("Div", [centred, g.op("Transpose", [deviation], { perm: [0, 2, 1] })]);
};
const attention: Build = (g, x) => {
  const scores = g.op("MatMul", [project(g, x), g.op("Transpose", [project(g, x)], { perm: [0, 2, 1] })]);
  return g.op("MatMul", [g.op("Softmax", [scores], {}, { name: "scores" }), project(g, x)]);
};

test.each([
  [layerNorm, /^The network has layer normalization \(Sqrt \("deviation"\)\): the integer engine runs convolutional/],
  [transposedNorm, /^The network has layer normalization \(Sqrt \("deviation"\)\)/],
  [(g: GraphBuilder, x: string) => g.op("LayerNormalization", [x]), /^The network has layer normalization \(LayerN/],
  [
    attention,
    /^The network has attention \(Softmax \("scores"\); MatMul \("MatMul_2", "MatMul_4"\)\): the integer engine/,
  ],
  [
    (g: GraphBuilder, x: string) => attention(g, layerNorm(g, x)),
    /^The network has layer normalization \(.*\) and attention \(.*\): the integer engine runs convolutional [^:]*$/,
  ],
  [(g: GraphBuilder, x: string) => g.op("Relu", [g.op("Softmax", [x])]), /^The network has Softmax inside the network/],
  [(g: GraphBuilder, x: string) => g.op("MatMul", [x, g.op("Tanh", [x])]), /products of two computed matrices/],
  [(g: GraphBuilder, x: string) => g.op("Resize", [x, "", g.ints([2])]), /no classifier of images; name the output/],
  [
    (g: GraphBuilder, x: string) => g.op("ArgMax", [x]),
    /^The network has the choice of a class .*its logits as output/,
  ],
  [(g: GraphBuilder, x: string) => g.op("QLinearConv", [x]), /QuantFormat\.QDQ/],
  [(g: GraphBuilder, x: string) => g.op("Range", [x]), /fixed height and width.*onnxsim/],
  [
    (g: GraphBuilder, x: string) => g.op("Einsum", [x]),
    /^Export the model with other layers instead of Einsum, or name an output before them \(`output`\)\.$/,
  ],
])("%#: known parts are named, with what to do about them", (build, expected) => {
  expect(advice(build)).toMatch(expected);
});

test("a Softmax at the end is no part that is refused", () => {
  expect(advice((g, x) => g.op("Flatten", [g.op("Softmax", [project(g, x)])]))).toMatch(/^Export the model/);
});
