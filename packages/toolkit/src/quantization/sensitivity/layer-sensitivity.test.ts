import { float32, type Graph, type Tensor } from "@subbyte/graph";
import { beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../../errors.js";
import { lower } from "../../lowering/lower.js";
import { Random } from "../../random.js";
import { lift } from "../../simulation/lift.js";
import { kitchenSink, preprocessing, randomTensor } from "../../testing/networks.js";
import { Check } from "../check.js";
import { equalizeLayers } from "../equalization.js";
import { insertFakeQuant } from "../insert.js";
import { setRanges } from "../ranges.js";
import { type LayerSensitivity, layerSensitivity } from "./index.js";

const float = kitchenSink(7);
const random = new Random(3);
const batches = [32, 16].map((count) => randomTensor(random, [count, 3, 16, 16], 1));
const session = { threads: 1 };
function changed(graph: Graph, name: string, change: (value: number, i: number) => number): Graph {
  const { data, shape } = graph.tensors.get(name)!;
  return { ...graph, tensors: new Map([...graph.tensors, [name, float32((data as Float32Array).map(change), shape)]]) };
}

/** Every layer on `bits` bits, nothing clipped. */
async function quantized(network: Graph, bits: number): Promise<Graph> {
  const policy = { weights: bits, activations: bits, firstLastBits: bits };
  const calibration = {
    images: 48,
    batches: async function* () {
      yield* batches;
    },
  };
  return setRanges(insertFakeQuant(network, policy), calibration, { method: "minmax", ...session });
}

const named = (layers: readonly LayerSensitivity[], name: string) => layers.find(({ layer }) => layer === name)!;
const total = ({ counts, zeros }: LayerSensitivity["weights"]) => counts.reduce((sum, count) => sum + count, zeros);

test("an equalized network is compared with the float network as it was after equalization", async () => {
  const { graph: equalized } = equalizeLayers(float);
  const graph = await quantized(equalized, 6);
  const against = async (network: Graph) =>
    (await layerSensitivity(graph, batches, session, network)).map(({ layer, aloneDb }) => [layer, aloneDb]);
  expect(await against(float)).toEqual(await against(equalized));
  // And one that was not equalized with that network itself.
  const plain = await layerSensitivity(await quantized(float, 6), batches, session, float);
  for (const { layer, aloneDb } of plain) expect(aloneDb, layer).toBeGreaterThan(20);
});

test("progress counts every batch and every layer that is measured by itself", async () => {
  const graph = await quantized(float, 6);
  const seen: (readonly [number, number])[] = [];
  await layerSensitivity(graph, batches, { ...session, onProgress: (done, of) => seen.push([done, of]) }, float);
  const total = 2 * batches.length;
  expect(seen).toEqual(Array.from({ length: total + 1 }, (_, done) => [done, total]));
});

describe("a layer that was spoiled is the worst, and the cause says how", () => {
  test("huge weights on an input channel that is always 0", async () => {
    let spoiled = float;
    for (const [layer, size] of Object.entries({ "block1.conv2": 108, "block1.shortcut": 8 })) {
      spoiled = changed(spoiled, `${layer}.weight`, (w, i) => (i < size ? 0 : w));
      spoiled = changed(spoiled, `${layer}.bias`, (b, i) => (i === 0 ? -1 : b)); // ReLU makes it 0.
    }
    spoiled = changed(spoiled, "block2.conv1.weight", (w, i) => (i % 108 === 0 ? w + 10 : w));
    const layers = await layerSensitivity(await quantized(spoiled, 4), batches, session);
    expect(layers[0]!.layer).toBe("block2.conv1");
    expect(layers[0]!.cause).toMatch(/^rounding of weights to 4 bits .*times its channel's deviation/);
    // Nearly all weights share the codes around 0.
    const { weights } = layers[0]!;
    const middle = weights.counts.filter((_, i) => Math.abs(weights.origin + (i + 0.5) * weights.width) < 1);
    expect(middle.reduce((sum, count) => sum + count) / total(weights)).toBeGreaterThan(0.9);
  });

  test("an input range far too small", async () => {
    const graph = await quantized(float, 8);
    const [scale] = graph.nodes.find(({ name }) => name === "mix")!.inputs.map((input) => `${input}.scale`);
    const layers = await layerSensitivity(
      changed(graph, scale!, (s) => s / 20),
      batches,
      session,
    );
    expect(
      layers
        .slice(0, 2)
        .map(({ layer }) => layer)
        .sort(),
    ).toEqual(["mix", "mix2"]); // They share their input.
    expect(layers[0]!.cause).toMatch(/^clipping of its input/);
    const { input, clippedShare } = layers[0]!;
    expect(input.max).toBeGreaterThan(2 * input.range[1]);
    expect(clippedShare).toBeGreaterThan(0.1);
  });

  test("a channel of the input that dwarfs the others", async () => {
    const spoiled = changed(float, "block1.conv1.weight", (w, i) => (i < 72 ? w * 60 : w)); // Output channel 0.
    const calm = changed(spoiled, "block1.conv2.weight", (w, i) => (i % 108 < 9 ? w / 60 : w)); // And what reads it.
    const layers = await layerSensitivity(await quantized(calm, 4), batches, session);
    const { cause, outlierChannel } = named(layers, "block1.conv2");
    expect(outlierChannel).toBe(0);
    expect(cause).toMatch(/^rounding of its input to 4 bits .*outlier channel 0 of its input/);
  });
});

describe("of a network as it was trained", () => {
  let layers: readonly LayerSensitivity[];
  beforeAll(async () => {
    const images = { batches, labels: new Int32Array(48), classes: 1, disjoint: true };
    const check = await Check.of(float, images, session);
    // Through integers and back: there the grids stand for ReLU and ReLU6.
    const lifted = lift(lower(await quantized(float, 8), { preprocessing }));
    layers = await layerSensitivity(lifted, batches, { ...session, check }, float);
  });

  test("ratios are sorted, and finite", () => {
    const ratios = layers.map(({ aloneDb }) => aloneDb);
    expect(ratios).toEqual(ratios.toSorted((a, b) => a - b));
    expect(layers.every(({ cumulativeDb }) => Number.isFinite(cumulativeDb))).toBe(true);
    expect(layers).toHaveLength(float.nodes.filter(({ op }) => op === "Conv" || op === "Gemm").length);
  });

  test.each(["aloneQuantized", "keptFloat"] as const)("%s: 8 bits stay near float, whichever layer it is", (which) => {
    for (const layer of layers) expect({ layer: layer.layer, ...layer[which] }).toSatisfy(near);
  });

  test("histograms hold every weight and every input value", () => {
    const stem = named(layers, "stem");
    expect(total(stem.weights)).toBe(8 * 3 * 9);
    expect(total(stem.input)).toBe(48 * 3 * 256);
    expect(stem.weights).toMatchObject({ range: [-127, 127], codes: 255 });
    // Ranges of min/max weights end at the largest weight of each channel.
    expect(Math.max(-stem.weights.min, stem.weights.max)).toBeCloseTo(127, 3);
    const values = batches.flatMap(({ data }) => [...(data as Float32Array)]);
    expect(stem.input.min).toBe(values.reduce((a, b) => Math.min(a, b)));
    expect(stem.input.max).toBe(values.reduce((a, b) => Math.max(a, b)));
    const { origin, width, counts } = stem.input;
    const inBin = (i: number) => values.filter((x) => Math.floor((x - origin) / width) === i).length;
    expect(counts.length).toBeLessThanOrEqual(64);
    expect(counts).toEqual(counts.map((_, i) => inBin(i)));
  });

  test("they survive JSON", () => {
    expect(JSON.parse(JSON.stringify(layers))).toEqual(layers);
  });
});

const near = ({ divergence }: { divergence?: number }): boolean => divergence! < 0.02;

test("a network with other layers, or other weights, is refused by name", async () => {
  const graph = await quantized(float, 8);
  const strange = {
    ...float,
    nodes: float.nodes.map((node) => (node.name === "mix" ? { ...node, name: "other" } : node)),
  };
  await expect(layerSensitivity(graph, batches, session, strange)).rejects.toThrow(UsageError);
  const wider: Tensor = float32(new Float32Array(6 * 24), [6, 24]);
  const classes = { ...float, tensors: new Map([...float.tensors, ["fc.weight", wider] as const]) };
  await expect(layerSensitivity(graph, batches, session, classes)).rejects.toThrow(/of another shape: fc\./);
});

test("a network that computes NaN is refused by the first such layer's name", async () => {
  const broken = changed(float, "block1.conv1.weight", () => Number.NaN);
  await expect(layerSensitivity(await quantized(float, 8), batches, session, broken)).rejects.toThrow(
    /layer "block1.conv1" computes with NaN/,
  );
});
