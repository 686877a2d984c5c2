/**
 * Networks and forms as exporters write them: read, evaluated as ONNX Runtime does the file, quantized at 8 and 4 bits, and run by the
 * engine as the exact simulation computes.
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Graph, writeOnnx } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { forms } from "../../graph/test/exporter-forms.js";
import { wholeWay } from "../src/testing/whole-way.js";
import { expectEqual } from "./exported.js";
import { initializersAsInputs, ofDoubles, ofHalves, unordered, writeWithExternalData } from "./exporters/files.js";
import { ghostNet } from "./exporters/ghostnet.js";
import * as keras from "./exporters/keras.js";
import * as pytorch2 from "./exporters/pytorch2.js";
import * as tf2onnx from "./exporters/tf2onnx.js";
import * as timm from "./exporters/timm.js";
import { temporaryFolder } from "./images.js";
import { record } from "./record.js";

const folder = await temporaryFolder();
let count = 0;

async function written(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `network${count++}.onnx`);
  await writeFile(path, bytes);
  return path;
}

interface Network {
  readonly exporter: string;
  readonly network: string;
  readonly opset: number;
  readonly graph: () => Graph;
}

const networks: readonly Network[] = [
  { exporter: "tf2onnx", network: "MobileNet-v2", opset: 13, graph: tf2onnx.mobileNetV2 },
  { exporter: "tf2onnx", network: "MobileNet-v3", opset: 15, graph: tf2onnx.mobileNetV3 },
  { exporter: "tf2onnx", network: "EfficientNet", opset: 17, graph: tf2onnx.efficientNet },
  { exporter: "keras2onnx", network: "Sequential", opset: 13, graph: keras.keras2onnx },
  { exporter: "Keras 3 on PyTorch", network: "residual network", opset: 18, graph: keras.keras3OnTorch },
  { exporter: "timm", network: "tf_efficientnet", opset: 17, graph: timm.tfEfficientNet },
  { exporter: "timm", network: "mobilenetv3", opset: 17, graph: timm.mobileNetV3 },
  { exporter: "timm", network: "resnet18d", opset: 14, graph: timm.resNetD },
  { exporter: "timm", network: "repvgg, as trained", opset: 13, graph: timm.repVgg },
  { exporter: "GhostNet's code", network: "GhostNet", opset: 13, graph: ghostNet },
];

describe("networks", () => {
  test.each(networks)("$exporter, $network, opset $opset", async ({ exporter, network, opset, graph }) => {
    const way = await wholeWay(await written(writeOnnx(graph(), { opset })));
    await record({ exporter, network, form: `opset ${opset}`, ...way });
    expectEqual(way);
  });

  test.each([
    ["ResNet", pytorch2.resNet],
    ["MobileNet-v3", pytorch2.mobileNetV3],
    ["ShuffleNet", pytorch2.shuffleNet],
  ] as const)("PyTorch 2, %s, weights in a second file", async (network, graph) => {
    const path = join(folder, `${network}.onnx`);
    await writeWithExternalData(graph(), path);
    const way = await wholeWay(path);
    await record({ exporter: "PyTorch 2 (dynamo)", network, form: "opset 18, weights in a second file", ...way });
    expectEqual(way);
  });
});

/** Float16 rounds to 11 bits at every node of the file, and the imported network does not. */
const HALF_ERROR = 2e-2;

describe("forms of the file", () => {
  test.each([
    ["nodes in any order", unordered, undefined],
    ["weights that are inputs too", initializersAsInputs, undefined],
    ["float64", ofDoubles, undefined],
    ["float16 inside", ofHalves, HALF_ERROR],
  ] as const)("%s", async (form, change, tolerance) => {
    const way = await wholeWay(await written(change(pytorch2.resNet())));
    await record({ exporter: "any", network: "ResNet", form, ...way });
    expectEqual(way, tolerance);
  });
});

describe("forms of parts", () => {
  test.each(forms)("$label", async ({ label, graph, size }) => {
    const path = await written(writeOnnx(graph));
    const way = await wholeWay(path, { images: 8, ...(size === undefined ? {} : { size }) });
    await record({ exporter: "any", network: "small network", form: label, ...way });
    expectEqual(way);
  });
});

test("a file that was changed still differs in what was changed", async () => {
  const [plain, halves] = [writeOnnx(pytorch2.resNet()), ofHalves(pytorch2.resNet())];
  expect(halves.length).toBeLessThan(0.6 * plain.length);
});
