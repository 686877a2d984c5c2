import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32, GraphBuilder, writeOnnx } from "@subbyte/graph";
import { afterAll, beforeAll, expect, test } from "vitest";
import { inspectModel } from "./inspect.js";

let folder: string;
let model: string;

/** Two convolutions with batch normalization; the first convolution has a second reader. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "subbyte-explain-"));
  const g = new GraphBuilder("net");
  const x = g.input("x", "float32", ["N", 3, 8, 8]);
  const ones = () => g.constant(float32([1, 1, 1], [3]));
  const weights = () => g.constant(float32(new Float32Array(9).fill(0.5), [3, 3, 1, 1]));
  const batchNorm = (name: string, value: string) =>
    g.op("BatchNormalization", [value, ones(), ones(), ones(), ones()], {}, { name });
  const read = g.op("Conv", [x, weights()], {}, { name: "conv1" });
  const second = g.op("Conv", [batchNorm("bn1", read), weights()], {}, { name: "conv2" });
  const sum = g.op("Add", [batchNorm("bn2", second), read], {}, { name: "sum" });
  g.output(g.op("Flatten", [g.op("GlobalAveragePool", [sum])], {}, { name: "logits" }));
  model = join(folder, "net.onnx");
  writeFileSync(model, writeOnnx(g.build()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the matches of a pass, and its nodes before and after", async () => {
  const { explanation } = await inspectModel({ model, explain: "fold-batch-norm" });
  expect(explanation?.pass).toBe("fold-batch-norm");
  expect(explanation?.matches).toContainEqual({ rule: "fold-batch-norm", op: "BatchNormalization", node: "bn2" });
  expect(explanation?.removed.some((line) => line.startsWith("bn2 = BatchNormalization("))).toBe(true);
  expect(explanation?.added.some((line) => line.startsWith("bn2 = Conv("))).toBe(true);
});

test("a pass that does not exist, and a file without passes, are refused by name", async () => {
  await expect(inspectModel({ model, explain: "foldbn" })).rejects.toMatchObject({
    code: "option-choice",
    message: expect.stringContaining("fold-batch-norm"),
  });
});
