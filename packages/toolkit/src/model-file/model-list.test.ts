import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { modelList } from "./model-list.js";

const models = join(import.meta.dirname, "../../../../models");

test("files are listed with size, hash and, where the engine runs them, memory", () => {
  const listed = ["mnist-w2a2.sbq", "mnist-float.onnx"].map((file) => ({
    file,
    bits: 2,
    contents: readFileSync(join(models, file)),
  }));
  const family = { id: "mnist", title: "ResNet-8", classes: "digits", kind: "digits", models: listed } as const;
  const { families } = JSON.parse(modelList([family]));
  const [sbq, onnx] = families[0].models;
  expect(sbq).toMatchObject({ file: "mnist-w2a2.sbq", bytes: 12712, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(sbq.peakBytes).toBeGreaterThan(sbq.bytes);
  expect(onnx).not.toHaveProperty("peakBytes");
});
