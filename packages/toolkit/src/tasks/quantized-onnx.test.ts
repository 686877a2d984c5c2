/** Quantized ONNX files as models of tasks. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readSbq } from "@subbyte/engine";
import { float32, type Graph, simplifyForImport, writeOnnx } from "@subbyte/graph";
import { beforeAll, expect, test } from "vitest";
import { brightnessPhotos } from "../../test/brightness-images.js";
import { cacheIn, temporaryFolder } from "../../test/images.js";
import { Random } from "../random.js";
import { exportedActivations, manyActivations } from "../testing/activations.js";
import { brightnessClasses, brightnessNetwork } from "../testing/brightness.js";
import { randomTensor } from "../testing/networks.js";
import { quantizeStatic } from "../testing/quantize-static.js";
import { evaluateModel, exportModel, inspectModel, quantizeModel } from "./index.js";

const root = await temporaryFolder();
const cache = cacheIn(join(root, "cache"));
const data = join(root, "photos");
const labelsMap = join(root, "classes.txt");
const plain = { mean: [0, 0, 0], std: [1, 1, 1] };
const form = { activationType: "uint8", perChannel: true } as const;
let model: string;

async function written(name: string, graph: Graph): Promise<string> {
  const path = join(root, name);
  await writeFile(path, writeOnnx(graph));
  return path;
}

beforeAll(async () => {
  await brightnessPhotos(data);
  await writeFile(labelsMap, brightnessClasses.join("\n"));
  const levels = new Random(1);
  const images = float32(
    Float32Array.from({ length: 8 * 192 }, () => levels.uniform()),
    [8, 3, 8, 8],
  );
  model = await written("quantized.onnx", await quantizeStatic(brightnessNetwork(), images, form));
});

test("a quantized file is evaluated in ONNX Runtime, simulated on codes, and run by the engine", async () => {
  const options = { model, data, labelsMap, ...plain };
  const own = await evaluateModel(options, { cache });
  expect(own).toMatchObject({ top1: 1, images: 48 });
  const simulated = await evaluateModel({ ...options, simulate: "codes" }, { cache });
  expect(simulated.top1).toBe(1);

  const out = join(root, "quantized.sbq");
  const exported = await exportModel({ model, format: "sbq", out, ...plain }, { cache });
  expect(exported).toMatchObject({ format: "sbq", out, preparation: { preprocessing: plain } });
  expect(readSbq(await readFile(out)).provenance).toMatchObject({ source: "quantized.onnx" });
  expect(await evaluateModel({ model: out, data, labelsMap }, { cache })).toMatchObject({ top1: 1, images: 48 });
});

test("an exported ONNX file says how its images are prepared", async () => {
  const sbq = join(root, "plain.sbq");
  await exportModel({ model, format: "sbq", out: sbq, ...plain }, { cache });
  const onnx = join(root, "plain.onnx");
  await exportModel({ model: sbq, format: "qdq", out: onnx }, { cache });
  const again = await exportModel({ model: onnx, format: "sbq", out: join(root, "again.sbq") }, { cache });
  expect(again).toMatchObject({ preparation: { preprocessing: plain, origin: { mean: "file", std: "file" } } });
});

test("inspect lists it as the integer network that it is", async () => {
  const inspection = await inspectModel({ model }, { cache });
  expect(inspection.kind).toBe("quantized");
  expect(inspection.operators.map(({ op }) => op)).toEqual(["conv", "averagePool", "reshape", "linear", "dequantize"]);
});

test("it is not quantized again, and a float network is no quantized one", async () => {
  await expect(quantizeModel({ model, data, labelsMap, ...plain }, { cache })).rejects.toThrow(
    "is quantized already; give the float network it was made from, or write it as a .sbq with the task `export`",
  );
  const float = await written("float.onnx", brightnessNetwork());
  await expect(exportModel({ model: float, format: "sbq" }, { cache })).rejects.toThrow(
    "is a float network; the task `quantize` makes a .sbq of it",
  );
});

test("what has no integer form, or stays in float, is refused by name", async () => {
  const others = Object.keys(exportedActivations).filter((name) => !name.includes("Max"));
  const network = simplifyForImport(manyActivations(1, others));
  const images = randomTensor(new Random(1), [2, 3, 16, 16], 1);
  const file = await written("max.onnx", await quantizeStatic(network, images, form));
  await expect(exportModel({ model: file, format: "sbq", ...plain }, { cache })).rejects.toThrow(
    /max\.onnx: Max "[^"]+": it has no integer form\. The float network .* can be quantized anew with the task `quantize`/,
  );

  const graph = await quantizeStatic(network, images, form);
  const pair = graph.nodes.find(({ op, inputs }) => op === "QuantizeLinear" && inputs[0] === "stem")!;
  const dequantize = graph.nodes.find(({ inputs }) => inputs[0] === pair.outputs[0])!;
  const open = {
    ...graph,
    nodes: graph.nodes
      .filter((node) => node !== pair && node !== dequantize)
      .map((node) => ({
        ...node,
        inputs: node.inputs.map((input) => (input === dequantize.outputs[0] ? pair.inputs[0]! : input)),
      })),
  };
  await expect(
    exportModel({ model: await written("open.onnx", open), format: "sbq", ...plain }, { cache }),
  ).rejects.toThrow(/open\.onnx: Conv "conv0" reads "[^"]+", which the file leaves in float/);
});
