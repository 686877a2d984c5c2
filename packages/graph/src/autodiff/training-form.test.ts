import { expect, test } from "vitest";
import { GraphBuilder } from "../ir/builder.js";
import { float32 } from "../ir/tensor.js";
import type { Dim, Graph } from "../ir/types.js";
import { verify } from "../ir/verifier.js";
import { toTrainingForm, withLoss } from "./training-form.js";

function normalized(shape: readonly Dim[]): Graph {
  const g = new GraphBuilder("net");
  const vector = (suffix: string, value: number) => g.constant(float32([value, value]), `bn.${suffix}`);
  const parameters = [vector("weight", 1), vector("bias", 0), vector("running_mean", 0), vector("running_var", 1)];
  const x = g.op(
    "BatchNormalization",
    [g.input("input", "float32", shape), ...parameters],
    { epsilon: 0.1 },
    { name: "bn" },
  );
  g.output(g.op("Flatten", [g.op("Dropout", [x])], {}, { name: "logits" }));
  return g.build();
}

test("batch normalization by the batch's statistics, parameters kept, running averages gone", () => {
  const { graph, statistics } = toTrainingForm(normalized(["N", 2, 3, 5]));
  verify(graph);
  expect(statistics).toEqual([
    {
      runningMean: "bn.running_mean",
      runningVariance: "bn.running_var",
      batchMean: "bn.batch_mean",
      batchVariance: "bn.batch_var",
      elementsPerImage: 15,
    },
  ]);
  expect(graph.nodes.map(({ op }) => op)).toEqual(["BatchNormalizationTraining", "Dropout", "Flatten"]);
  expect(graph.nodes[0]!.attributes).toEqual({ epsilon: 0.1 });
  expect(graph.outputs).toEqual(["logits", "bn.batch_mean", "bn.batch_var"]);
  expect([...graph.tensors.keys()]).toEqual(["bn.weight", "bn.bias"]);
  expect(toTrainingForm(graph).graph).toBe(graph);
});

test("the loss comes first, the labels last", () => {
  const { graph, loss, labels } = withLoss(normalized(["N", 2, 3, 5]), { labelSmoothing: 0.1 });
  verify(graph);
  expect([loss, labels]).toEqual(["loss", "labels"]);
  expect(graph.outputs).toEqual(["loss", "logits"]);
  expect(graph.inputs.at(-1)).toEqual({ name: "labels", dtype: "int64", shape: ["N"] });
});

test("names that are taken are left alone", () => {
  const g = new GraphBuilder("net");
  const x = g.input("labels", "float32", ["N", 4]);
  g.output(g.op("Identity", [x], {}, { name: "loss" }));
  const { graph, loss, labels } = withLoss(g.build());
  verify(graph);
  expect(new Set([loss, labels, "loss", "labels"]).size).toBe(4);
});

test("refuses what cannot be trained", () => {
  expect(() => toTrainingForm(normalized(["N", 2, "H", 5]))).toThrow('"bn": the image size 5*H is symbolic');
  expect(() => withLoss(normalized(["N", 2, 3, 5]), { labelSmoothing: 1 })).toThrow("label smoothing is 1");
  const g = new GraphBuilder("net");
  g.output(g.op("Relu", [g.input("x", "float32", ["N", 3, 2])], {}, { name: "y" }));
  expect(() => withLoss(g.build())).toThrow('the output "y" has the shape [N,3,2]; needed: [n, classes]');
});
