/** BatchNormalizationTraining and SoftmaxCrossEntropy: values against ONNX or a closed form, gradients against differences. */

import { expect, test } from "vitest";
import { distinctValues, expectGradients } from "../../test/gradient-check.js";
import { inferTypes } from "../inference/infer-types.js";
import { GraphBuilder } from "../ir/builder.js";
import { float32, int64 } from "../ir/tensor.js";
import type { Tensor } from "../ir/types.js";
import { evaluate } from "../reference/interpreter.js";

const subbyte = { domain: "subbyte" };

test.each([[[4, 3, 2, 5]], [[6, 3]], [[2, 3, 4]]])("BatchNormalizationTraining of [%s]", (shape) => {
  const feeds = new Map([
    ["x", distinctValues(shape, 1)],
    ["gamma", distinctValues([3], 2)],
    ["beta", distinctValues([3], 3)],
  ]);
  const g = new GraphBuilder("norm");
  const names = [...feeds].map(([name, tensor]) =>
    g.input(name, "float32", name === "x" ? ["N", ...shape.slice(1)] : tensor.shape),
  );
  const [y, mean, variance] = g.node(
    "BatchNormalizationTraining",
    names,
    { epsilon: 1e-3 },
    { ...subbyte, outputs: 3 },
  );
  // ONNX's own training form, whose moving statistics are the batch's at momentum 0.
  const zeros = g.constant(float32([0, 0, 0]));
  const onnx = g.node(
    "BatchNormalization",
    [...names, zeros, zeros],
    { epsilon: 1e-3, training_mode: 1, momentum: 0 },
    { outputs: 3 },
  );
  for (const value of [y!, mean!, variance!, ...onnx]) g.output(value);
  const values = evaluate(g.build(), feeds);
  [y!, mean!, variance!].forEach((value, i) => {
    expect(values.get(value)).toEqual(values.get(onnx[i]!));
  });

  const v = g.constant(float32(distinctValues(shape, 4).data as Float64Array, shape));
  const loss = g.op("ReduceSum", [g.op("Mul", [y!, v])], { keepdims: 0 }, { name: "loss" });
  expectGradients(g.build(), { inputs: feeds, loss, parameters: ["x", "gamma", "beta"], seed: 5 });
});

function crossEntropy(classes: number, label_smoothing: number) {
  const g = new GraphBuilder("loss");
  const inputs = [g.input("logits", "float32", ["N", classes]), g.input("labels", "int64", ["N"])];
  g.output(g.op("SoftmaxCrossEntropy", inputs, { label_smoothing }, { ...subbyte, name: "loss" }));
  return g.build();
}

test("SoftmaxCrossEntropy is the mean of −Σ t·log p, smoothing included", () => {
  const logits: Tensor = { dtype: "float64", shape: [2, 3], data: Float64Array.of(1, 2, 3, 1000, 1000, -1000) };
  const feeds = new Map([
    ["logits", logits],
    ["labels", int64([2, 0])],
  ]);
  const [first, second] = [Math.log(Math.exp(1) + Math.exp(2) + Math.exp(3)), 1000 + Math.log(2)];
  const plain = evaluate(crossEntropy(3, 0), feeds).get("loss")!;
  expect(plain.shape).toEqual([]);
  expect(plain.data[0]).toBeCloseTo((first - 3 + second - 1000) / 2, 12);
  const smoothed = 0.8 * (first - 3 + second - 1000) + (0.2 / 3) * (3 * first - 6 + 3 * second - 1000);
  expect(evaluate(crossEntropy(3, 0.2), feeds).get("loss")!.data[0]).toBeCloseTo(smoothed / 2, 9);
});

test.each([0, 0.1])("SoftmaxCrossEntropy's gradient, label smoothing %f", (smoothing) => {
  const feeds = new Map([
    ["logits", distinctValues([5, 4], 6)],
    ["labels", int64([0, 3, 1, 1, 2])],
  ]);
  expectGradients(crossEntropy(4, smoothing), { inputs: feeds, loss: "loss", parameters: ["logits"], seed: 7 });
});

test("the loss of another loss: its gradient is scaled", () => {
  const g = new GraphBuilder("twice", crossEntropy(4, 0));
  const loss = g.op("Mul", ["loss", g.scalar(2.5)], {}, { name: "scaled" });
  const feeds = new Map([
    ["logits", distinctValues([2, 4], 6)],
    ["labels", int64([0, 3])],
  ]);
  expectGradients(g.build(), { inputs: feeds, loss, parameters: ["logits"], seed: 8 });
});

test("refuses labels outside the classes and other types", () => {
  const feeds = new Map([
    ["logits", distinctValues([1, 4], 6)],
    ["labels", int64([4])],
  ]);
  expect(() => evaluate(crossEntropy(4, 0), feeds)).toThrow("label 4; needed: a class from 0 to 3");
  const g = new GraphBuilder("loss");
  g.op("SoftmaxCrossEntropy", [g.input("l", "float32", ["N", 4]), g.input("y", "float32", ["N"])], {}, subbyte);
  expect(() => inferTypes(g.build())).toThrow("labels of type float32; needed: int64");
});
