/**
 * The published ResNet-20 for CIFAR-10 on its real test images, through the built command: float accuracy of both of its files,
 * the engine against the simulation, and the exported ONNX against the engine.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { folder, sharedFile, subbyte } from "../test/subbyte.js";

const onnx = sharedFile("models/resnet20-cifar10.onnx");
const checkpoint = sharedFile("models/resnet20-cifar10.th");
const data = sharedFile("data/cifar10.tgz");
const normalization = ["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"];

async function evaluate(model: string, ...more: readonly string[]) {
  const { status, stdout, stderr } = await subbyte("evaluate", model, "--data", data!, "--json", "--quiet", ...more);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout) as { readonly top1: number; readonly images: number };
}

async function predictions(model: string, ...more: readonly string[]): Promise<readonly number[]> {
  await evaluate(model, "--limit", "500", "--predictions", "predictions.json", ...more);
  return JSON.parse(readFileSync(join(folder, "predictions.json"), "utf8")).predictions;
}

describe.skipIf(!onnx || !checkpoint || !data)("ResNet-20 on CIFAR-10", () => {
  test("the ONNX file reaches its published accuracy on all test images", async () => {
    const { top1, images } = await evaluate(onnx!, ...normalization);
    expect(images).toBe(9979);
    expect(Math.abs(top1 - 0.9173)).toBeLessThanOrEqual(0.0002);
  });

  test("the checkpoint in the built-in architecture does too", async () => {
    const { top1 } = await evaluate(checkpoint!, "--arch", "resnet20", ...normalization);
    expect(Math.abs(top1 - 0.9173)).toBeLessThanOrEqual(0.0002);
  });

  describe("at 8 bits", () => {
    let engine: readonly number[];
    let top1: number;

    beforeAll(async () => {
      const quantized = await subbyte(
        "quantize",
        onnx!,
        "--data",
        data!,
        ...normalization,
        "--out",
        "w8a8.sbq",
        "--quiet",
      );
      expect(quantized).toMatchObject({ status: 0, stderr: "" });
      engine = await predictions("w8a8.sbq");
      ({ top1 } = await evaluate("w8a8.sbq"));
    }, 600_000);

    test("the engine loses less than 0.3 points on all test images", () => {
      expect(top1).toBeGreaterThanOrEqual(0.915);
    });

    test("engine and float simulation name the same class on at least 499 of 500 images", async () => {
      const simulated = await predictions("w8a8.sbq", "--simulate", "float");
      expect(engine).toHaveLength(500);
      expect(engine.filter((index, i) => index === simulated[i]).length).toBeGreaterThanOrEqual(499);
    });

    test("engine and simulation on codes name the same class on all of them", async () => {
      expect(await predictions("w8a8.sbq", "--simulate", "codes")).toEqual(engine);
    });

    test.each([
      ["quantized ONNX as it stands", [], ["--disable-quant-qdq"]],
      ["quantized ONNX of 7-bit weights in the default session", ["--reduce-range"], []],
    ])("%s has the engine's accuracy", async (_, exporting, evaluating) => {
      expect(await subbyte("export", "w8a8.sbq", "--out", "qdq.onnx", "--quiet", ...exporting)).toMatchObject({
        status: 0,
      });
      const exported = await evaluate("qdq.onnx", ...normalization, ...evaluating);
      expect(Math.abs(exported.top1 - top1)).toBeLessThanOrEqual(0.001);
    });
  });
});
