/** @file Checks of networks in the forms of exporters. */

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
import { record } from "./record.js";

/** Of ONNX Runtime's own results at different optimization levels, in units of the largest output. */
const FLOAT_ERROR = 2e-5;

/** @param tolerance of the float network */
export function expectEqual({ difference, quantized }: WholeWay, tolerance = FLOAT_ERROR): void {
  expect(difference).toBeLessThan(tolerance);
  for (const { bits, differing, distinct, unproved } of quantized) {
    expect(`${bits} bits: ${differing} logits differ`).toBe(`${bits} bits: 0 logits differ`);
    expect(unproved).toEqual([]);
    expect(distinct).toBeGreaterThan(10);
  }
}

const folder = await temporaryFolder();

const rowOf = ({ family, name }: TorchvisionNetwork) => ({
  exporter: "PyTorch 1.13, torchvision",
  network: family === name ? name : `${name} (${family})`,
});

/** Writes a network in several forms; returns the file of each. */
export const exported = (
  python: string,
  network: TorchvisionNetwork,
  forms: readonly TorchvisionExport[],
): Promise<readonly string[]> => exportTorchvision(python, network, folder, forms);

/** Takes an exported network the whole way. */
export async function expectWholeWay(
  path: string,
  network: TorchvisionNetwork,
  form: TorchvisionExport,
  bits: readonly number[],
): Promise<void> {
  const way = await wholeWay(path, { bits });
  await record({ ...rowOf(network), form: `opset ${form.opset}, batch ${form.batch}`, ...way });
  expectEqual(way);
}

export function expectRefusals(python: string): void {
  test.each(refusedNetworks)("$name is refused by name", async (network) => {
    const [path] = await exported(python, network, [{ opset: 13, batch: "free" }]);
    const refusal = openModel(path!).then((model) => {
      if (model.kind === "float") insertFakeQuant(model.graph, { weights: 8, activations: 8 });
    });
    const { message } = (await refusal.catch((error: Error) => error)) as Error;
    await record({ ...rowOf(network), form: "opset 13, batch free", refused: network.patterns });
    for (const pattern of network.patterns) expect(message).toContain(pattern);
  });
}
