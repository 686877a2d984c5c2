/** @file What is expected of networks as exporters write them. */

import { expect, test } from "vitest";
import { openModel } from "../src/model-file/index.js";
import { insertFakeQuant } from "../src/quantization/insert.js";
import {
  exportTorchvision,
  refusedNetworks,
  type TorchvisionExport,
  type TorchvisionNetwork,
} from "../src/testing/torchvision.js";
import { type WholeWay, wholeWay } from "../src/testing/whole-way.js";
import { temporaryFolder } from "./images.js";

/** Of ONNX Runtime's own results at different optimization levels, in units of the largest output. */
const FLOAT_ERROR = 2e-5;

export function expectEqual({ difference, quantized }: WholeWay): void {
  expect(difference).toBeLessThan(FLOAT_ERROR);
  for (const { bits, differing, distinct, unproved } of quantized) {
    expect(`${bits} bits: ${differing} logits differ`).toBe(`${bits} bits: 0 logits differ`);
    expect(unproved).toEqual([]);
    expect(distinct).toBeGreaterThan(10);
  }
}

const folder = await temporaryFolder();

/** Exports a network and takes it the whole way; returns the file. */
export async function expectWholeWay(
  python: string,
  network: TorchvisionNetwork,
  form: TorchvisionExport,
  bits: readonly number[],
): Promise<string> {
  const path = await exportTorchvision(python, network, folder, form);
  expectEqual(await wholeWay(path, { bits }));
  return path;
}

export function expectRefusals(python: string): void {
  test.each(refusedNetworks)("$name is refused by name", async (network) => {
    const path = await exportTorchvision(python, network, folder, { opset: 13, batch: "free" });
    const refusal = openModel(path).then((model) => {
      if (model.kind === "float") insertFakeQuant(model.graph, { weights: 8, activations: 8 });
    });
    const { message } = (await refusal.catch((error: Error) => error)) as Error;
    for (const pattern of network.patterns) expect(message).toContain(pattern);
  });
}
