import { describe, expect, test } from "vitest";
import { expectFaithful, type Feeds, relativeToLargest } from "../../test/every-level.js";
import { random, randomFloats } from "../../test/runtime.js";
import { GraphBuilder } from "../ir/builder.js";
import { elementCount, float32, int64 } from "../ir/tensor.js";
import type { Attributes, Graph, Tensor } from "../ir/types.js";
import { expandForInference, expandForTraining } from "./index.js";

const ours = { domain: "subbyte" };
const noise = (shape: readonly number[], seed: number): Tensor => float32(randomFloats(shape, seed).data, shape);

describe("batch normalization in training", () => {
  const shapes = [
    [4, 5, 3, 2],
    [7, 3],
    [2, 3, 4],
    [1, 2, 3, 3],
  ] as const;
  for (const [batch, ...rest] of shapes)
    for (const declared of ["N", batch])
      test(`[${declared}, ${rest}], forward and backward`, async () => {
        const shape = [batch, ...rest];
        const channels = rest[0];
        const g = new GraphBuilder("norm");
        g.input("x", "float32", [declared, ...rest]);
        g.input("dy", "float32", [declared, ...rest]);
        g.input("gamma", "float32", [channels]);
        g.input("beta", "float32", [channels]);
        const [y, mean, variance] = g.node(
          "BatchNormalizationTraining",
          ["x", "gamma", "beta"],
          { epsilon: 1e-3 },
          { ...ours, outputs: ["y", "mean", "variance"] },
        );
        const gradients = g.node(
          "BatchNormalizationGradient",
          ["dy", "x", "gamma", "mean", "variance"],
          { epsilon: 1e-3 },
          { ...ours, outputs: ["dx", "dgamma", "dbeta"] },
        );
        g.setOutputs([y, mean, variance, ...gradients]);
        const feeds = new Map([
          ["x", { ...noise(shape, 1), data: noise(shape, 1).data.map((v) => Number(v) * 2 + 1) as Float32Array }],
          ["dy", noise(shape, 2)],
          ["gamma", noise([channels], 3)],
          ["beta", noise([channels], 4)],
        ]);
        // Sums of some tens of terms, and differences that lose up to mean²/variance, here below 10: 10·30·2⁻²⁴.
        await expectFaithful(g.build(), expandForTraining, feeds, relativeToLargest(2e-5));
      });

  test("nodes that share x, γ and β, and equal constants elsewhere, do not disturb each other", async () => {
    const g = new GraphBuilder("shared");
    g.input("x", "float32", ["N", 2, 3, 3]);
    g.input("w", "float32", [2, 2, 1, 1]);
    g.constant(float32([0, 0]), "zeros");
    g.constant(float32([1, 1]), "ones");
    const norm = (x: string, name: string) =>
      g.node(
        "BatchNormalizationTraining",
        [x, "ones", "zeros"],
        {},
        { ...ours, outputs: [name, `${name}.m`, `${name}.v`] },
      );
    const first = norm("x", "a");
    const second = norm("x", "b");
    const third = norm(g.op("Conv", [g.op("Add", ["a", "b"]), "w"]), "c");
    const affine = g.op("BatchNormalization", ["c", "ones", "zeros", "zeros", "ones"], { epsilon: 0 }, { name: "d" });
    // A statistic that is an output has memory of its own, so these are read by others only.
    const statistics = [first, second, third].flatMap(([, mean, variance]) => [mean, variance]);
    g.setOutputs(["a", "b", "c", affine, ...statistics.map((value) => g.op("Neg", [value]))]);
    g.output(g.op("Add", ["zeros", "ones"], {}, { name: "constants" }));
    const feeds = new Map([
      ["x", noise([3, 2, 3, 3], 1)],
      ["w", noise([2, 2, 1, 1], 2)],
    ]);
    await expectFaithful(g.build(), expandForTraining, feeds, () => () => 1e-5);
  });

  test("an infinite activation does not reach the statistics of other channels", async () => {
    const g = new GraphBuilder("infinite");
    g.input("x", "float32", [2, 2]);
    g.constant(float32([1, 1]), "ones");
    const outputs = g.node("BatchNormalizationTraining", ["x", "ones", "ones"], {}, { ...ours, outputs: 3 });
    g.output(g.op("Slice", [outputs[1], g.ints([1]), g.ints([2])]));
    const x = float32([Number.POSITIVE_INFINITY, 1, 2, 3], [2, 2]);
    await expectFaithful(g.build(), expandForTraining, new Map([["x", x]]), relativeToLargest(1e-6));
  });
});

test("ReluGradient is exact, also at 0, below and at the smallest normal number", async () => {
  const g = new GraphBuilder("relu");
  g.input("dy", "float32", [7]);
  g.input("y", "float32", [7]);
  g.output(g.op("ReluGradient", ["dy", "y"], {}, ours));
  const y = float32([0, -0, -3, 1.2e-38, 1e-30, 2, 3e38]);
  const feeds = new Map([
    ["dy", float32([1, 2, 3, 4, 5, 6, 7])],
    ["y", y],
  ]);
  await expectFaithful(g.build(), expandForTraining, feeds, () => () => 0);
});

describe("MaxPoolGradient", () => {
  const windows: Readonly<Record<string, Attributes>> = {
    "3×3/2": { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
    "2×3, apart": { kernel_shape: [2, 3], strides: [3, 3] },
    overlapping: { kernel_shape: [3, 2] },
  };
  for (const [name, attributes] of Object.entries(windows))
    for (const batch of ["N", 3])
      test(`${name}, batch ${batch}, with ties`, async () => {
        const g = new GraphBuilder("pool");
        g.input("x", "float32", [batch, 2, 7, 6]);
        const [y, indices] = g.node("MaxPool", ["x"], attributes, { outputs: ["y", "indices"] });
        g.output(g.op("MaxPoolGradient", [g.op("Mul", [y, y]), indices], { input_shape: [7, 6] }, ours));
        const next = random(5);
        const x = float32(
          Float32Array.from({ length: 3 * 2 * 7 * 6 }, () => Math.floor(next() * 4)),
          [3, 2, 7, 6],
        );
        // Small integers: every sum is exact.
        await expectFaithful(g.build(), expandForTraining, new Map([["x", x]]), () => () => 0);
      });
});

describe("softmax cross-entropy", () => {
  for (const smoothing of [0, 0.1])
    for (const batch of ["N", 4])
      test(`smoothing ${smoothing}, batch ${batch}: loss and gradient`, async () => {
        const g = new GraphBuilder("loss");
        g.input("logits", "float32", [batch, 5]);
        g.input("labels", "int64", [batch]);
        g.input("dloss", "float32", []);
        const attributes = { label_smoothing: smoothing };
        g.output(g.op("SoftmaxCrossEntropy", ["logits", "labels"], attributes, ours));
        g.output(g.op("SoftmaxCrossEntropyGradient", ["dloss", "logits", "labels"], attributes, ours));
        const logits = noise([4, 5], 3);
        const feeds: Feeds = new Map([
          ["logits", { ...logits, data: (logits.data as Float32Array).map((v) => v * 30) }],
          ["labels", int64([0, 4, 2, 2])],
          ["dloss", float32([1.5], [])],
        ]);
        // Logits up to 30 lose some 30·2⁻²⁴ in differences, exponentials as much relatively.
        await expectFaithful(g.build(), expandForTraining, feeds, relativeToLargest(1e-5));
      });
});

describe("FakeQuant", () => {
  interface Quantizer {
    readonly attributes: Attributes;
    readonly zeroPoints: readonly number[];
  }
  const axis = 1;
  const quantizers: Readonly<Record<string, Quantizer>> = {
    "unsigned, 4 bits": { attributes: { bits: 4 }, zeroPoints: [0] },
    "unsigned with a zero point, 8 bits": { attributes: { bits: 8 }, zeroPoints: [77] },
    "signed, 2 bits": { attributes: { bits: 2, signed: 1 }, zeroPoints: [0] },
    "signed, narrow, 3 bits, per channel": {
      attributes: { bits: 3, signed: 1, narrow: 1, axis },
      zeroPoints: [0, 0, 0],
    },
    "per channel, zero points differ": { attributes: { bits: 4, axis }, zeroPoints: [0, 3, 15] },
    "PACT's gradient": { attributes: { bits: 3, learnable: 2 }, zeroPoints: [3] },
    "per channel along the last axis": { attributes: { bits: 5, signed: 1, axis: -1 }, zeroPoints: [0, 0] },
  };

  function quantized({ attributes, zeroPoints }: Quantizer, fed: boolean): { graph: Graph; feeds: Feeds } {
    const shape = "axis" in attributes ? [zeroPoints.length] : [];
    const scale = float32(
      zeroPoints.map((_, c) => 0.0625 * (c + 1)),
      shape,
    );
    const zeroPoint = float32([...zeroPoints], shape);
    const g = new GraphBuilder("quantized");
    g.input("x", "float32", ["N", 3, 4, 2]);
    g.input("dy", "float32", ["N", 3, 4, 2]);
    const feeds = new Map([
      ["x", { ...noise([2, 3, 4, 2], 8), data: (noise([2, 3, 4, 2], 8).data as Float32Array).map((v) => v * 3) }],
      ["dy", noise([2, 3, 4, 2], 9)],
    ]);
    if (fed) {
      g.input("scale", "float32", shape);
      g.input("zero", "float32", shape);
      feeds.set("scale", scale).set("zero", zeroPoint);
    } else {
      g.constant(scale, "scale");
      g.constant(zeroPoint, "zero");
    }
    // Some elements on half steps and on the bounds.
    const x = feeds.get("x")!.data as Float32Array;
    for (let i = 0; i < elementCount([2, 3, 4, 2]); i += 3) x[i] = Math.round(x[i] * 32) / 32;
    const computed = fed ? g.op("Mul", ["scale", g.scalar(2)]) : "scale";
    g.output(g.op("FakeQuant", ["x", computed, "zero"], attributes, ours));
    g.node(
      "FakeQuantGradient",
      ["dy", "x", computed, "zero"],
      { learnable: 1, learnableZeroPoint: 1, ...attributes },
      { ...ours, outputs: ["dx", "ds", "dz"] },
    );
    for (const output of ["dx", "ds", "dz"]) g.output(output);
    return { graph: g.build(), feeds };
  }

  for (const [name, quantizer] of Object.entries(quantizers))
    for (const fed of [false, true])
      test(`${name}, ${fed ? "scale computed from an input" : "constants"}`, async () => {
        const { graph, feeds } = quantized(quantizer, fed);
        // Scales are multiples of 1/16, so that quotients and codes are those of float64; ds and dz sum 48 terms.
        const bound = (output: string) => (output === "ds" || output === "dz" ? () => 1e-4 : () => 0);
        await expectFaithful(graph, expandForTraining, feeds, (output) => bound(output));
      });

  test("expandForInference leaves a graph without FakeQuant alone, and no operator of ours in one with it", () => {
    const { graph } = quantized(quantizers["signed, 2 bits"], false);
    const forward: Graph = { ...graph, nodes: graph.nodes.slice(0, 1), outputs: graph.outputs.slice(0, 1) };
    const plain = expandForInference(forward);
    expect(plain.nodes.map(({ op }) => op)).toEqual(["Div", "Clip", "Round", "Mul"]);
    expect(expandForInference(plain)).toBe(plain);
  });
});
