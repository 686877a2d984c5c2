import { preprocess } from "@subbyte/engine";
import { writeOnnx } from "@subbyte/graph";
import { floatClassifier } from "@subbyte/toolkit";
import { decodeBytes, normalize } from "@subbyte/toolkit/decode";
import { beforeAll, describe, expect, test } from "vitest";
import { kitchenSink } from "../../../toolkit/src/testing/networks.js";
import { classify, modelFolder, png, testServer } from "../../test/models.js";
import type { RunningServer } from "../server.js";

const onnx = writeOnnx(kitchenSink(5));
const preprocessing = {
  channels: 3,
  height: 16,
  width: 16,
  resize: "shorter-side",
  resizeTo: 18,
  mean: [0.5, 0.4, 0.3],
  std: [0.2, 0.3, 0.4],
} as const;
const labels = ["a", "b", "c", "d", "e"];

let server: RunningServer;
beforeAll(async () => {
  const models = modelFolder({
    "float.onnx": onnx,
    "float.json": JSON.stringify({ preprocessing, labels, accuracy: { test: 0.5 } }),
    "tensors.onnx": onnx,
    "wrong.onnx": onnx,
    "wrong.json": JSON.stringify({ preprocessing: { ...preprocessing, height: 15 } }),
    "damaged.onnx": onnx.subarray(0, 200),
  });
  server = await testServer({ models, workers: 2 });
});

describe("an ONNX model", () => {
  test("with its preprocessing classifies as evaluate does", async () => {
    const image = await png(1, 40, 30);
    const [answer] = (await (await classify(server.url, "float", image)).json()) as {
      logits: number[];
      label: string;
    }[];
    const classifier = await floatClassifier(onnx, [3, 16, 16], {
      mean: preprocessing.mean,
      std: preprocessing.std,
      threads: 2,
    });
    const images = preprocess(await decodeBytes(image), preprocessing);
    const logits = await classifier.classify({ images, labels: new Int32Array(1), count: 1 });
    await classifier.close();
    expect(Float32Array.from(answer!.logits)).toEqual(logits);
    expect(answer!.label).toBe(labels[logits.indexOf(Math.max(...logits))]);
  });

  test("is found by 32 bits, and described", async () => {
    const { models } = (await (await fetch(`${server.url}/api/models`)).json()) as { models: object[] };
    expect(models[0]).toMatchObject({
      name: "float",
      kind: "onnx",
      bits: 32,
      labels,
      preprocessing,
      accuracy: { test: 0.5 },
    });
    expect(await (await fetch(`${server.url}/v2/models/tensors`)).json()).toMatchObject({
      platform: "onnx_onnxv1",
      inputs: [{ name: "input", datatype: "FP32", shape: [-1, 3, 16, 16] }],
    });
  });

  test("without it takes tensors, and says what classifying needs", async () => {
    const values = normalize(
      new Uint8Array(768).map((_, i) => i),
      { channels: 3, mean: [0, 0, 0], std: [1, 1, 1], pixels: 256 },
    );
    const response = await fetch(`${server.url}/v2/models/tensors/infer`, {
      method: "POST",
      body: JSON.stringify({
        inputs: [{ name: "input", datatype: "FP32", shape: [1, 3, 16, 16], data: Array.from(values) }],
      }),
    });
    expect(response.status).toBe(200);
    const refused = await classify(server.url, "tensors", await png(1));
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ code: "no-classifier", action: expect.stringContaining(".json") });
  });

  test("with a wrong .json file, or damaged, is listed with the reason", () => {
    const reasons = Object.fromEntries(server.repository.index().map(({ name, reason }) => [name, reason]));
    expect(reasons.wrong).toMatch(/preprocessing.*\[3,15,16\]/);
    expect(reasons.damaged).toMatch(/.+/);
  });

  test("requests that wait share a run, and each gets its own answer", async () => {
    const images = await Promise.all(Array.from({ length: 12 }, (_, i) => png(i)));
    const alone = [];
    for (const image of images)
      alone.push(((await (await classify(server.url, "float", image)).json()) as { label: string }[])[0]!.label);
    const together = await Promise.all(images.map((image) => classify(server.url, "float", image)));
    const answers = await Promise.all(together.map((each) => each.json() as Promise<{ label: string }[]>));
    expect(answers.map(([answer]) => answer!.label)).toEqual(alone);
  });

  test("two of them in one process answer at the same time, each its own", async () => {
    const models = modelFolder({
      "one.onnx": onnx,
      "one.json": JSON.stringify({ preprocessing, labels }),
      "two.onnx": writeOnnx(kitchenSink(6)),
      "two.json": JSON.stringify({ preprocessing, labels }),
    });
    const { url } = await testServer({ models, workers: 2 });
    const image = await png(1, 40, 30);
    const logitsOf = async (name: string) => {
      const [answer] = (await (await classify(url, name, image)).json()) as { logits: number[] }[];
      return answer!.logits;
    };
    const alone = [await logitsOf("one"), await logitsOf("two")];
    expect(alone[0]).not.toEqual(alone[1]);
    const names = Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? "one" : "two"));
    expect(await Promise.all(names.map(logitsOf))).toEqual(names.map((name) => alone[name === "one" ? 0 : 1]));
  });
});
