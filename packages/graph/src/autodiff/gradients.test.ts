import { describe, expect, test } from "vitest";
import { distinctValues, expectGradients } from "../../test/gradient-check.js";
import { GraphBuilder } from "../ir/builder.js";
import { int64 } from "../ir/tensor.js";
import type { Graph, Tensor } from "../ir/types.js";
import { evaluate } from "../reference/interpreter.js";
import { gradients } from "./gradients.js";
import { toTrainingForm, withLoss } from "./training-form.js";

/** A ResNet in small: stem with pooling, a basic block, a block with stride and projection, head. */
function smallResNet(): Graph {
  const g = new GraphBuilder("small");
  let seed = 100;
  const weight = (name: string, shape: readonly number[]) => {
    const { data } = distinctValues(shape, seed++);
    return g.constant({ dtype: "float32", shape, data: Float32Array.from(data as Float64Array, (v) => v * 0.5) }, name);
  };
  const norm = (x: string, name: string, channels: number) => {
    const vector = (suffix: string, offset: number) => {
      const { data } = distinctValues([channels], seed++);
      return g.constant(
        { dtype: "float32", shape: [channels], data: Float32Array.from(data as Float64Array, (v) => 0.3 * v + offset) },
        `${name}.${suffix}`,
      );
    };
    const parameters = [vector("weight", 1), vector("bias", 0), vector("running_mean", 0), vector("running_var", 1)];
    return g.op("BatchNormalization", [x, ...parameters], { epsilon: 1e-5 }, { name });
  };
  const conv = (x: string, name: string, from: number, to: number, k: number, stride: number) =>
    g.op(
      "Conv",
      [x, weight(`${name}.weight`, [to, from, k, k])],
      { kernel_shape: [k, k], strides: [stride, stride], pads: new Array(4).fill((k - 1) / 2) },
      { name },
    );
  const block = (x: string, name: string, from: number, to: number, stride: number) => {
    const first = g.op("Relu", [norm(conv(x, `${name}.conv1`, from, to, 3, stride), `${name}.bn1`, to)]);
    const second = norm(conv(first, `${name}.conv2`, to, to, 3, 1), `${name}.bn2`, to);
    const shortcut =
      stride === 1 ? x : norm(conv(x, `${name}.downsample.0`, from, to, 1, stride), `${name}.downsample.1`, to);
    return g.op("Relu", [g.op("Add", [second, shortcut])]);
  };
  let x = g.input("input", "float32", ["N", 3, 8, 8]);
  x = g.op("Relu", [norm(conv(x, "conv1", 3, 4, 3, 1), "bn1", 4)]);
  x = g.op("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  x = block(x, "layer1.0", 4, 4, 1);
  x = block(x, "layer2.0", 4, 6, 2);
  x = g.op("Flatten", [g.op("GlobalAveragePool", [x])]);
  g.output(g.op("Gemm", [x, weight("fc.weight", [5, 6]), weight("fc.bias", [5])], { transB: 1 }, { name: "fc" }));
  return g.build();
}

const batch = new Map<string, Tensor>([
  ["input", distinctValues([4, 3, 8, 8], 7)],
  ["labels", int64([0, 3, 1, 4])],
]);

const trainable = (graph: Graph): string[] => [...graph.tensors.keys()].filter((name) => /\.(weight|bias)$/.test(name));

describe("a small ResNet with batch normalization", () => {
  test.each([0, 0.1])("every parameter's gradient is the central difference, label smoothing %f", (labelSmoothing) => {
    const { graph, loss } = withLoss(toTrainingForm(smallResNet()).graph, { labelSmoothing });
    const parameters = trainable(graph);
    expect(parameters).toHaveLength(20);
    expectGradients(graph, { inputs: batch, loss, parameters, seed: 11, h: 1e-6 });
  });

  test("with fixed statistics too", () => {
    const { graph, loss } = withLoss(smallResNet());
    expectGradients(graph, { inputs: batch, loss, parameters: trainable(graph), seed: 12, h: 1e-6 });
  });

  test("the training form returns the batch statistics by the names of the running ones", () => {
    const { graph, statistics } = toTrainingForm(smallResNet());
    expect(statistics[0]).toEqual({
      runningMean: "bn1.running_mean",
      runningVariance: "bn1.running_var",
      batchMean: "bn1.batch_mean",
      batchVariance: "bn1.batch_var",
      elementsPerImage: 64,
    });
    expect(graph.outputs.slice(1)).toEqual(statistics.flatMap((s) => [s.batchMean, s.batchVariance]));
    expect([...graph.tensors.keys()].filter((name) => name.includes("running"))).toEqual([]);
    const values = evaluate({ ...graph, outputs: [...graph.outputs, "conv1"] }, batch);
    const conv = values.get("conv1")!.data as Float64Array;
    const channel = conv.filter((_, i) => Math.floor(i / 64) % 4 === 2);
    const mean = channel.reduce((a, b) => a + b) / channel.length;
    const variance = channel.reduce((sum, v) => sum + (v - mean) ** 2, 0) / channel.length;
    expect(values.get("bn1.batch_mean")!.data[2]).toBeCloseTo(mean, 12);
    expect(values.get("bn1.batch_var")!.data[2]).toBeCloseTo(variance, 12);
  });
});

describe("gradients()", () => {
  const squareSum = (build: (g: GraphBuilder, x: string) => string): Graph => {
    const g = new GraphBuilder("f");
    const x = g.input("x", "float32", [3]);
    g.output(g.op("ReduceSum", [build(g, x)], { keepdims: 0 }, { name: "loss" }));
    return g.build();
  };

  test("adds up several uses, also of one node", () => {
    const graph = squareSum((g, x) => g.op("Add", [g.op("Mul", [x, x]), g.op("Mul", [x, g.scalar(3)])]));
    const { graph: out, gradients: names } = gradients(graph, { loss: "loss", parameters: ["x"] });
    expect(names).toEqual(["x.gradient"]);
    expect(out.outputs).toEqual(["loss", "x.gradient"]);
    const x: Tensor = { dtype: "float64", shape: [3], data: Float64Array.of(1, -2, 0.5) };
    expect([...evaluate(out, new Map([["x", x]])).get("x.gradient")!.data]).toEqual([5, -1, 4]);
  });

  test("parameters that share a gradient get a value each", () => {
    const g = new GraphBuilder("f");
    const [a, b] = [g.input("a", "float32", [2]), g.input("b", "float32", [2])];
    g.output(g.op("ReduceSum", [g.op("Add", [a, b])], { keepdims: 0 }, { name: "loss" }));
    const { graph, gradients: names } = gradients(g.build(), { loss: "loss", parameters: ["a", "b"] });
    expect(names).toEqual(["a.gradient", "b.gradient"]);
    const one: Tensor = { dtype: "float64", shape: [2], data: Float64Array.of(1, 1) };
    const values = evaluate(
      graph,
      new Map([
        ["a", one],
        ["b", one],
      ]),
    );
    expect([...values.get("a.gradient")!.data, ...values.get("b.gradient")!.data]).toEqual([1, 1, 1, 1]);
  });

  test("a name that is taken is left alone", () => {
    const g = new GraphBuilder("f");
    const x = g.input("x", "float32", [3]);
    const y = g.op("Mul", [x, g.input("x.gradient", "float32", [3])]);
    g.output(g.op("ReduceSum", [y], { keepdims: 0 }, { name: "loss" }));
    const { gradients: names } = gradients(g.build(), { loss: "loss", parameters: ["x", "x.gradient"] });
    expect(names).toEqual(["x.gradient_", "x.gradient.gradient"]);
  });

  test("computes nothing for what is no parameter", () => {
    const { graph, loss } = withLoss(toTrainingForm(smallResNet()).graph);
    const { graph: out } = gradients(graph, { loss, parameters: ["fc.weight", "fc.bias"] });
    const added = out.nodes.slice(graph.nodes.length).map((node) => node.op);
    expect(added.filter((op) => op.startsWith("Conv") || op.startsWith("BatchNormalization"))).toEqual([]);
  });

  test("outputs that the loss does not read count as zero", () => {
    const g = new GraphBuilder("f");
    const x = g.input("x", "float32", ["N", 5]);
    const [, right] = g.node("Split", [x, g.ints([2, 3])], { axis: 1 }, { outputs: 2 });
    g.output(g.op("ReduceSumSquare", [right!], { keepdims: 0 }, { name: "loss" }));
    const inputs = new Map([["x", distinctValues([2, 5], 3)]]);
    expectGradients(g.build(), { inputs, loss: "loss", parameters: ["x"], seed: 4 });
  });

  test("a mean over a batch of unknown size reaches through convolutions", () => {
    const g = new GraphBuilder("distance");
    const x = g.input("x", "float32", ["N", 2, 5, 5]);
    const w = g.input("w", "float32", [3, 2, 3, 3]);
    const y = g.op("Relu", [g.op("Conv", [x, w], { pads: [1, 1, 1, 1] })]);
    const difference = g.op("Sub", [y, g.input("teacher", "float32", ["N", 3, 5, 5])]);
    g.output(g.op("ReduceMean", [g.op("Mul", [difference, difference])], { keepdims: 0 }, { name: "loss" }));
    const inputs = new Map([
      ["x", distinctValues([2, 2, 5, 5], 5)],
      ["w", distinctValues([3, 2, 3, 3], 6)],
      ["teacher", distinctValues([2, 3, 5, 5], 7)],
    ]);
    expectGradients(g.build(), { inputs, loss: "loss", parameters: ["w", "x"], seed: 8 });
  });

  test("refuses what cannot be, by name", () => {
    const rounded = squareSum((g, x) => g.op("Round", [x], {}, { name: "rounding" }));
    expect(() => gradients(rounded, { loss: "loss", parameters: ["x"] })).toThrow('no gradient for Round "rounding"');
    const plain = squareSum((g, x) => g.op("Mul", [x, x]));
    expect(() => gradients(plain, { loss: "loss", parameters: ["y"] })).toThrow('no values named "y"');
    expect(() => gradients(plain, { loss: "x", parameters: ["x"] })).toThrow("floating-point scalar");
    const unused = new GraphBuilder("f", plain);
    unused.input("y", "float32", [3]);
    expect(() => gradients(unused.build(), { loss: "loss", parameters: ["y"] })).toThrow('does not depend on "y"');
  });
});
