/** The published ResNet-20, written as .tflite and run by LiteRT.js in Chromium, against our engine on the same images. */
import { createReference, load, type Program, writeSbq } from "@subbyte/engine";
import { type Graph, simplifyForImport, type Tensor } from "@subbyte/graph";
import { beforeAll, describe, expect, test } from "vitest";
import { sharedFile } from "../../../../graph/test/shared.js";
import { cacheIn, temporaryFolder, wholeSet } from "../../../test/images.js";
import { hasChromium, predictions, runInPage } from "../../../test/peers.js";
import {
  normalizedInterleaved as floats,
  networks,
  normalizedPlanar,
  quantizedProgram,
  randomBytes,
  withClamp,
} from "../../../test/small-tflite.js";
import { normalize } from "../../data/normalize.js";
import { openImages } from "../../data/open-images.js";
import type { ImageSet } from "../../data/types.js";
import { lower } from "../../lowering/lower.js";
import { openModel } from "../../model-file/index.js";
import { quantizeGraph } from "../../quantization/quantize.js";
import { createSession } from "../../runtime/session.js";
import { graphToTflite } from "./graph-to-tflite.js";
import { programToTflite } from "./program-to-tflite.js";
import { measureRanges } from "./ranges.js";

const onnx = sharedFile("models/resnet20-cifar10.onnx");
const data = sharedFile("data/cifar10.tgz");
const cache = cacheIn(await temporaryFolder());
const mean = [0.485, 0.456, 0.406];
const std = [0.229, 0.224, 0.225];
const count = 500;
const pixels = 32 * 32;

/** NHWC, as a user of LiteRT normalizes images. */
function normalizedInterleaved(images: Uint8Array): Float32Array {
  return Float32Array.from(images, (byte, i) => (byte / 255 - mean[i % 3]!) / std[i % 3]!);
}

function planar(images: Uint8Array, n: number): Tensor {
  const floats = new Float32Array(images.length);
  for (let i = 0; i < n; i++) {
    const [from, to] = [i * 3 * pixels, (i + 1) * 3 * pixels];
    normalize(images.subarray(from, to), { channels: 3, pixels, mean, std }, floats.subarray(from, to));
  }
  return { dtype: "float32", shape: [n, 3, 32, 32], data: floats };
}

const chromium = hasChromium();

describe.skipIf(!chromium)("every operator in LiteRT.js, and in float32 in TensorFlow.js", () => {
  const bytes = randomBytes(2, 8);

  test.each(Object.keys(networks))("%s", async (name) => {
    const network = networks[name]!;
    const session = await createSession(network, { threads: 1 });
    const results = await session.run({ [session.inputs[0]!]: normalizedPlanar(bytes) });
    const real = results[session.outputs[0]!]!.data as Float32Array;
    await session.release();
    // TensorFlow.js has no convolutions in groups.
    const inGroups = network.nodes.some(({ op, attributes }) => op === "Conv" && Number(attributes.group ?? 1) === 2);
    const runtimes = inGroups ? (["litert"] as const) : (["litert", "tfjs"] as const);
    const everybody: Float32Array[] = [];
    for (const runtime of runtimes) everybody.push(await runInPage(runtime, graphToTflite(network), floats(bytes), 8));
    const spread = real.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const [i, value] of real.entries())
      for (const logits of everybody) expect(Math.abs(logits[i]! - value)).toBeLessThan(1e-4 * spread);

    const program = withClamp(await quantizedProgram(network, { weights: 8, activations: 8 }), "e");
    const expected = createReference(program).run(bytes, 8);
    const codes = await runInPage("litert", programToTflite(program), bytes, 8);
    // A few codes of 255 in every layer.
    for (const [i, value] of expected.entries()) expect(Math.abs(codes[i]! - value)).toBeLessThan(0.05 * spread);
  });
});

describe.skipIf(!onnx || !data || !chromium)("ResNet-20 on 500 images of CIFAR-10 in LiteRT.js", () => {
  let network: Graph;
  let train: ImageSet;
  let images: Uint8Array;

  beforeAll(async () => {
    const opened = await openModel(onnx!);
    if (opened.kind !== "float") throw new Error("the published network is a float one");
    network = simplifyForImport(opened.graph);
    train = await openImages(data!, { split: "train", limit: 64, cache });
    images = (await wholeSet(await openImages(data!, { split: "test", limit: count, cache }))).images;
  });

  async function quantized(weights: number): Promise<Program> {
    const policy = { weights, activations: 8 };
    const options = { policy, method: "mse", seed: 0, mean, std, calibrationImages: 64, threads: 1 };
    return lower(await quantizeGraph(network, train, options), {
      preprocessing: { channels: 3, height: 32, width: 32, resize: "exact", mean, std },
    });
  }

  async function ours(program: Program): Promise<number[]> {
    const model = await load(writeSbq(program), { worker: false });
    try {
      return predictions(await model.run(images), 10);
    } finally {
      model.dispose();
    }
  }

  const agreement = (a: readonly number[], b: readonly number[]): number =>
    a.filter((label, i) => label === b[i]).length / a.length;

  async function* calibration() {
    const { images: bytes } = await wholeSet(train);
    yield planar(bytes, 64);
  }

  test.each([
    { weights: 8, least: 0.99 },
    { weights: 4, least: 0.98 },
  ])("W$weights A8 as int8 gives our predictions", async ({ weights, least }) => {
    const program = await quantized(weights);
    const expected = await ours(program);
    const ranges = await measureRanges(program, calibration());
    const files = {
      bytes: programToTflite(program),
      "bytes, measured ranges": programToTflite(program, { ranges }),
      floats: programToTflite(program, { input: "float32" }),
    };
    for (const [name, file] of Object.entries(files)) {
      const input = name === "floats" ? normalizedInterleaved(images) : images;
      const found = predictions(await runInPage("litert", file, input, count), 10);
      console.info(`W${weights}A8, ${name}: ${(100 * agreement(found, expected)).toFixed(1)} % of our predictions`);
      expect(agreement(found, expected), name).toBeGreaterThanOrEqual(least);
    }
  });

  test("float32 gives ONNX Runtime's logits", async () => {
    const found = await runInPage("litert", graphToTflite(network), normalizedInterleaved(images), count);
    const session = await createSession(network, { threads: 1 });
    const results = await session.run({ [session.inputs[0]!]: planar(images, count) });
    const expected = results[session.outputs[0]!]!.data as Float32Array;
    await session.release();
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // Sums of at most 576 products per layer in another order, through 20 layers.
    for (const [i, value] of expected.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(1e-4 * largest);
  });
});
