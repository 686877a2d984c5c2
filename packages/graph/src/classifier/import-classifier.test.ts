/** Classifiers as exporters write them: what is imported computes the same, of the same image in the usual form. */

import { describe, expect, test } from "vitest";
import { C, compare, conv, H, head, linear, nchw, network, W } from "../../test/classifier-forms.js";
import { forms } from "../../test/exporter-forms.js";
import { operatorsOf } from "../../test/passes.js";
import { GraphBuilder } from "../ir/builder.js";
import { importClassifier } from "./import-classifier.js";

describe("forms of exporters", () => {
  test.each(forms.map((form) => [form.label, form] as const))("%s", async (_, form) => {
    const { graph, input } = await compare(form);
    const found = operatorsOf(graph);
    if (form.operators) expect(form.label.startsWith("GlobalMax") ? found.toSorted() : found).toEqual(form.operators);
    if (form.changes) expect(input.changes).toEqual(form.changes);
    if (form.unit) expect(input.unit).toBe(form.unit);
    if (form.normalization) expect(rounded(input.normalization!)).toEqual(form.normalization);
  });
});

const rounded = ({ mean, std }: { mean: readonly number[]; std: readonly number[] }) => ({
  mean: mean.map((value) => Number(value.toPrecision(6))),
  std: std.map((value) => Number(value.toPrecision(6))),
});

test("an input that nothing reads, as training leaves one, goes", () => {
  const g = new GraphBuilder("net");
  const x = g.input("x", "float32", nchw);
  g.input("learning_phase", "bool", []);
  g.output(head(g, conv(g, x, C, 4), 4));
  const { graph, input } = importClassifier(g.build());
  expect(graph.inputs.map(({ name }) => name)).toEqual(["x"]);
  expect(input.changes).toEqual(["unread-inputs"]);
});

test("what reshapes at the end goes, and a Softmax over the classes stays, under the name of the output", async () => {
  const plain = network(nchw, (g, x) => head(g, conv(g, x, C, 4), 4));
  const g = new GraphBuilder("net", plain);
  const spread = g.op("Unsqueeze", [plain.outputs[0]!, g.ints([2, 3])]);
  g.setOutputs([g.op("Softmax", [spread], { axis: 1 }, { name: "classes" })]);
  const { graph } = importClassifier(g.build());
  expect(operatorsOf(graph)).toEqual(["Conv", "GlobalAveragePool", "Flatten", "Gemm", "Softmax"]);
  expect(graph.outputs).toEqual(["classes"]);
});

test("open height and width without a size are refused with advice", () => {
  const graph = network(["N", C, "h", "w"], (g, x) => head(g, conv(g, x, C, 4), 4));
  expect(() => importClassifier(graph)).toThrow(/with height and width open; say the size/);
});

test("a Squeeze of all axes takes the batch of 1 away, and import brings it back", async () => {
  const graph = network([1, C, H, W], (g, x) =>
    linear(g, g.op("Squeeze", [g.op("GlobalAveragePool", [conv(g, x, C, 4)])]), 4),
  );
  expect(operatorsOf(importClassifier(graph).graph)).toEqual(["Conv", "GlobalAveragePool", "Flatten", "Gemm"]);
});
