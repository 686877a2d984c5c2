import { float32, type Tensor } from "@subbyte/graph";
import { expect, test } from "vitest";
import { MemoryImageSet } from "../data/image-set.js";
import type { ImageSet } from "../data/types.js";
import { Random } from "../random.js";
import { kitchenSink, preprocessing } from "../testing/networks.js";
import { proposePolicy, raisedLayers } from "./proposal.js";
import { quantizeGraph } from "./quantize.js";
import { type LayerSensitivity, layerSensitivity, quantizedLayers } from "./sensitivity/index.js";

/** A layer as noisy as that, with so much noise by origin. */
const layer = (name: string, aloneDb: number, more: Partial<LayerSensitivity> = {}): LayerSensitivity =>
  ({
    layer: name,
    aloneDb,
    weightBits: 4,
    inputBits: 4,
    noise: { weights: 1, clipping: 1, rounding: 1, bias: 0 },
    ...more,
  }) as LayerSensitivity;

test("the noisiest layers that make half of the noise get two bits more", () => {
  const quiet = Array.from({ length: 8 }, (_, i) => layer(`quiet${i}`, 30));
  expect(raisedLayers([layer("loud", 10), ...quiet])).toEqual([
    { layer: "loud", weights: [4, 6], activations: [4, 6] },
  ]);
  // Equally noisy ones: a quarter of them, as many as may be raised.
  expect(raisedLayers(quiet).map((each) => each.layer)).toEqual(["quiet0", "quiet1"]);
});

test("only what makes the noise gets more bits, and none gets more than 8", () => {
  const rest = Array.from({ length: 12 }, (_, i) => layer(`rest${i}`, 60));
  const noise = { weights: 0, clipping: 1, rounding: 1, bias: 0 };
  const [input] = raisedLayers([layer("of-input", 10, { noise }), ...rest]);
  expect(input).toEqual({ layer: "of-input", weights: [4, 4], activations: [4, 6] });
  const [ofWeights] = raisedLayers([
    layer("of-weights", 10, { noise: { weights: 9, clipping: 0, rounding: 1, bias: 0 }, weightBits: 7 }),
    ...rest,
  ]);
  expect(ofWeights).toEqual({ layer: "of-weights", weights: [7, 8], activations: [4, 4] });
  const most = { weightBits: 8, inputBits: 8 };
  expect(raisedLayers([layer("at-most", 10, most), ...rest.map((each) => ({ ...each, ...most }))])).toEqual([]);
});

const float = kitchenSink(7);
const [mean, std] = [preprocessing.mean, preprocessing.std] as const;

/** Random images; labels play no part here. */
function randomImages(count: number): ImageSet {
  const random = new Random(5);
  return new MemoryImageSet({
    name: "random",
    split: "train",
    classes: ["a", "b", "c", "d", "e"],
    channels: 3,
    storedHeight: 16,
    storedWidth: 16,
    labels: new Int32Array(count),
    pixels: Uint8Array.from({ length: count * 768 }, () => random.integer(256)),
    notes: [],
  });
}

test("a proposal brings the network nearer to the float one, by as many bytes as it says", async () => {
  const images = randomImages(96);
  const choice = { seed: 0, mean, std, calibrationImages: 48, threads: 1, method: "mse" } as const;
  const today = { weights: 2, activations: 6, depthwiseBits: 2 };
  const graph = await quantizeGraph(float, images, { ...choice, policy: today });
  const random = new Random(9);
  const batch: Tensor = float32(
    Float32Array.from({ length: 64 * 768 }, () => random.normal()),
    [64, 3, 16, 16],
  );
  const layers = await layerSensitivity(graph, [batch], { threads: 1 }, float);
  const options = { seed: 0, mean, std, threads: 1 };
  const proposal = (await proposePolicy(float, graph, layers, images, options))!;
  expect(proposal.raised.length).toBeGreaterThan(0);
  expect(proposal).toMatchObject({ images: 48, isHeldOut: true });
  expect(proposal.after.divergence).toBeLessThan(proposal.before.divergence);

  // Every layer of the network, once, with bits that quantization takes as they are.
  expect(proposal.policy.map(({ pattern }) => pattern)).toEqual(quantizedLayers(graph).map(({ node }) => node.name));
  const bitsOf = async (policy: Parameters<typeof quantizeGraph>[2]["policy"]) =>
    quantizedLayers(await quantizeGraph(float, images, { ...choice, policy })).map((each) => ({
      pattern: each.node.name,
      weights: each.weights.bits,
      activations: each.input.bits,
      parameters: float.tensors.get(`${each.node.name}.weight`)!.data.length,
    }));
  const after = await bitsOf({ weights: 8, activations: 8, layers: proposal.policy });
  expect(after.map(({ parameters: _, ...entry }) => entry)).toEqual(proposal.policy);
  const bytes = (entries: typeof after) => entries.reduce((sum, each) => sum + each.parameters * each.weights, 0) / 8;
  expect(proposal.bytes).toBeGreaterThan(0);
  expect(proposal.bytes).toBeCloseTo(bytes(after) - bytes(await bitsOf(today)), 6);

  const few = (await proposePolicy(float, graph, layers, randomImages(1), options))!;
  expect(few).toMatchObject({ images: 1, isHeldOut: false });
});

test("where every layer has 8 bits, nothing is proposed", async () => {
  const images = randomImages(16);
  const policy = { weights: 8, activations: 8 };
  const options = { seed: 0, mean, std, threads: 1 };
  const graph = await quantizeGraph(float, images, { ...options, calibrationImages: 8, policy, method: "mse" });
  const batch = float32(new Float32Array(4 * 768).fill(0.5), [4, 3, 16, 16]);
  const layers = await layerSensitivity(graph, [batch], { threads: 1 }, float);
  expect(await proposePolicy(float, graph, layers, images, options)).toBeUndefined();
});
