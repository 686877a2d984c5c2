import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Graph, simplifyForImport, type Tensor } from "@subbyte/graph";
import { beforeAll, describe, expect, test } from "vitest";
import { MemoryImageSet } from "../../data/index.js";
import type { BatchOptions } from "../../data/types.js";
import { UsageError } from "../../errors.js";
import { evaluateGraph } from "../../evaluation/index.js";
import { lower } from "../../lowering/lower.js";
import { buildModel } from "../../models/index.js";
import { Random } from "../../random.js";
import { lift } from "../../simulation/lift.js";
import { train } from "../../training/index.js";
import { calibrationSample } from "../calibration.js";
import { codeRange, fakeQuants, quantizeValue, withTensors } from "../fake-quant.js";
import { quantizeGraph } from "../quantize.js";
import { quantizedLayers } from "../sensitivity/index.js";
import { isBetterBeyondChance, isSmallerBeyondChance } from "./acceptance.js";
import { foldedFactors, normalizedLayers, withBatchNorm, withoutBatchNorm } from "./batch-norm.js";
import { checkChain, layerChanges, type QatOptions, qatDefaults, trainChain, trainQuantized } from "./index.js";
import { channelMoments, withMeasuredStatistics } from "./moments.js";
import { treatments, withLearnedSteps } from "./steps.js";

/** Grey 8×8 images of three classes: noise with a bright band at the top, in the middle, or at the bottom. */
function bands(count: number, seed: number): MemoryImageSet {
  const random = new Random(seed);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  const pixels = new Uint8Array(count * 64);
  labels.forEach((label, n) => {
    for (let i = 0; i < 64; i++) {
      const bright = Math.floor(i / 8 / 2.7) === label ? 60 : 0;
      pixels[n * 64 + i] = bright + random.integer(150);
    }
  });
  const [name, classes] = ["bands", ["top", "middle", "bottom"]];
  const shape = { channels: 1, storedHeight: 8, storedWidth: 8 } as const;
  return new MemoryImageSet({ name, split: "train", classes, ...shape, labels, pixels, notes: [] });
}

const normalization = { mean: [0.4], std: [0.3] };
const session = { threads: 1 };
const [images, validation] = [bands(120, 1), bands(90, 2)];
const sample = calibrationSample(images, { count: 64, seed: 0, ...normalization });

let source: Graph;
beforeAll(async () => {
  const graph = buildModel("resnet8", { classes: 3, channels: 1, size: 8, seed: 3 });
  const rate = { learningRate: 0.05, schedule: { name: "cosine" } } as const;
  const common = { epochs: 4, batchSize: 12, optimizer: { name: "sgd" }, ...normalization, session } as const;
  source = (await train({ graph, images, rate, ...common })).graph;
});

const quantized = (weights: number, activations: number): Promise<Graph> =>
  quantizeFloat(simplifyForImport(source), weights, activations);

const quantizeFloat = (float: Graph, weights: number, activations: number): Promise<Graph> =>
  quantizeGraph(float, images, {
    policy: { weights, activations },
    method: "mse",
    seed: 0,
    ...normalization,
    calibrationImages: 64,
    threads: 1,
  });

const options = async (bits: number, extra: Partial<QatOptions> = {}): Promise<QatOptions> => ({
  graph: await quantized(bits, bits),
  source,
  images,
  validation,
  epochs: 2,
  batchSize: 12,
  rate: { learningRate: 0.02, schedule: { name: "cosine" } },
  optimizer: { name: "sgd" },
  ...normalization,
  session,
  ...extra,
});

async function batchesOf({ batches }: typeof sample): Promise<Tensor[]> {
  const all: Tensor[] = [];
  for await (const batch of batches()) all.push(batch);
  return all;
}

/** Codes of all quantized weights. */
const codes = (graph: Graph): number[][] =>
  fakeQuants(graph)
    .filter(({ ofWeights }) => ofWeights)
    .map((fq) => {
      const [weights, scales] = [fq.input, fq.scale].map((name) => graph.tensors.get(name)!.data as Float32Array);
      const { min, max } = codeRange(fq);
      const size = weights!.length / scales!.length;
      return [...weights!].map((w, i) => quantizeValue(w, scales![Math.floor(i / size)]!, 0, min, max));
    });

describe("batch norm", () => {
  test("comes out of the weights and goes back in: the same codes, the same answers", async () => {
    const graph = await quantized(4, 4);
    const layers = normalizedLayers(graph, source);
    expect(layers).toHaveLength(9); // every convolution
    const outputs = layers.map(({ output }) => output);
    const moments = await channelMoments(graph, outputs, sample, session);
    const apart = withBatchNorm(graph, layers, moments, source);
    expect(apart.nodes.filter(({ op }) => op === "BatchNormalization")).toHaveLength(9);
    const measured = await withMeasuredStatistics(apart, sample, session);
    const folded = withoutBatchNorm(measured);
    expect(folded.nodes.map(({ op }) => op)).toEqual(graph.nodes.map(({ op }) => op));
    expect(codes(folded)).toEqual(codes(graph));
    // The moments are the quantized network's own, so that nothing is corrected; statistics of batches differ a little.
    const [before, after, unfolded] = await Promise.all(
      [graph, folded, measured].map((each) => evaluateGraph(each, validation, { ...session, ...normalization })),
    );
    expect(after!.loss).toBeCloseTo(before!.loss, 1);
    expect(after!.loss).toBeCloseTo(unfolded!.loss, 3);
  });

  test("weights are as the source had them", async () => {
    const graph = await quantized(4, 4);
    const layers = normalizedLayers(graph, source);
    const moments = await channelMoments(
      graph,
      layers.map(({ output }) => output),
      sample,
      session,
    );
    const apart = withBatchNorm(graph, layers, moments, source);
    const name = layers[3]!.weight.input;
    expect(foldedFactors(source).has(name)).toBe(true);
    const [own, original] = [apart, source].map(({ tensors }) => tensors.get(name)!.data as Float32Array);
    for (const [i, w] of own!.entries()) expect(Math.abs(w)).toBeCloseTo(Math.abs(original![i]!), 5);
  });

  test("is made where it had been folded before", async () => {
    const graph = await quantized(4, 4);
    const folded = simplifyForImport(source);
    const layers = normalizedLayers(graph, folded);
    expect(layers).toHaveLength(9);
    const { kept, best } = await trainQuantized(await options(3, { source: folded }));
    expect(["trained", "baseline"]).toContain(kept);
    expect(best.graph.nodes.some(({ op }) => op === "BatchNormalization")).toBe(false);
  });
});

describe("what training did to each layer", () => {
  test("is nothing, for the same network twice", async () => {
    const graph = await quantized(3, 3);
    const reference = { graph: simplifyForImport(source), batches: [], session };
    const changes = await layerChanges(graph, graph, { ...reference, batches: await batchesOf(sample) });
    expect(changes).toHaveLength(10);
    for (const { weightScale, inputScale, changedCodes, zeroPoint, ratioDb } of changes) {
      expect([weightScale, inputScale, changedCodes]).toEqual([1, 1, 0]);
      expect(zeroPoint[0]).toBe(zeroPoint[1]);
      expect(ratioDb![0]).toBe(ratioDb![1]);
    }
  });

  test("is the factor of its scales, and the share of codes that differ", async () => {
    const graph = await quantized(3, 3);
    const [, second] = quantizedLayers(graph);
    const { scale, input } = second!.weights;
    const scaled = (name: string, factor: number) => {
      const tensor = graph.tensors.get(name)!;
      return [name, { ...tensor, data: (tensor.data as Float32Array).map((value) => factor * value) }] as const;
    };
    const doubled = withTensors(graph, new Map([scaled(scale, 2), scaled(second!.input.scale, 0.5)]));
    const [untouched, changed] = await layerChanges(graph, doubled, undefined);
    expect(untouched).toMatchObject({ weightScale: 1, changedCodes: 0 });
    expect(changed).toMatchObject({ layer: second!.node.name, weightBits: 3, weightScale: 2, inputScale: 0.5 });
    expect(changed).not.toHaveProperty("ratioDb");
    const [before, after] = [codes(graph)[1]!, codes(doubled)[1]!];
    expect(changed!.changedCodes).toBe(before.filter((code, i) => code !== after[i]).length / before.length);
    expect(changed!.changedCodes).toBeGreaterThan(0.1);
    expect(graph.tensors.get(input)!.data).toHaveLength(before.length);
  });
});

describe("training", () => {
  test("measures statistics on images that are augmented as those of the steps", async () => {
    const seen: unknown[] = [];
    const watched = new Proxy(images, {
      get: (set, name) =>
        name === "batches"
          ? (how: BatchOptions) => {
              seen.push(how.augmentation);
              return set.batches(how);
            }
          : Reflect.get(set, name, set),
    });
    const augmentation = { cropPadding: 2 };
    await trainQuantized(await options(3, { epochs: 1, images: watched, augmentation }));
    expect(seen.length).toBeGreaterThan(2);
    for (const each of seen) expect(each).toEqual(augmentation);
  });

  test.each([
    ["lsq", {}],
    ["lsq, frozen, from a teacher alone", { batchNorm: "frozen", distillation: { weight: 1, temperature: 2 } }],
    ["lsq, folded, averaged", { batchNorm: "folded", averageDecay: 0.9 }],
    ["lsq, AdamW, damped", { optimizer: { name: "adamw" }, dampingWeight: 0.01 }],
    ["pact", { quantizer: "pact" }],
    ["straight-through", { quantizer: "straight-through" }],
  ] as [string, Partial<QatOptions>][])("%s: learns, and the result is one for the engine", async (_, extra) => {
    const notes: string[] = [];
    const { history, baseline, graph, best } = await trainQuantized(
      await options(3, { ...extra, onNote: (text) => notes.push(text) }),
    );
    expect(history).toHaveLength(2);
    expect(Number.isFinite(history[1]!.trainLoss)).toBe(true);
    expect(notes[0]).toBe(`Before training: ${(100 * baseline!.top1).toFixed(2)} % of 90 held-out images.`);
    const preprocessing = { channels: 1, height: 8, width: 8, resize: "exact", ...normalization } as const;
    for (const each of [graph, best.graph]) lower(each, { preprocessing: { ...preprocessing, resizeTo: 8 } as never });
  });

  test("at 2 bits gains on what it began with", async () => {
    const { baseline, best, history, kept } = await trainQuantized(await options(2, { epochs: 6 }));
    expect(kept).toBe("trained");
    expect(history[best.epoch - 1]!.validationAccuracy!).toBeGreaterThan(baseline!.top1);
  });

  test("a network without its float source begins with its own answers", async () => {
    const preprocessing = { channels: 1, height: 8, width: 8, resize: "exact", ...normalization, resizeTo: 8 };
    const graph = lift(lower(await quantized(2, 2), { preprocessing: preprocessing as never }));
    const rate = { learningRate: 1e-9, schedule: { name: "constant" } } as const;
    const { baseline, history } = await trainQuantized(await options(2, { graph, source: undefined, epochs: 1, rate }));
    expect(history[0]!.validationLoss).toBeCloseTo(baseline!.loss, 1);
  });

  test("keeps the baseline, with that sentence, where nothing was learned", async () => {
    const notes: string[] = [];
    const rate = { learningRate: 0, schedule: { name: "constant" } } as const;
    const given = await options(8, { epochs: 1, rate, batchNorm: "folded", onNote: (text) => notes.push(text) });
    const { best, kept } = await trainQuantized(given);
    expect([kept, best.epoch]).toEqual(["baseline", 0]);
    expect(codes(best.graph)).toEqual(codes(given.graph));
    expect(notes.at(-1)).toMatch(/No epoch was better than the network before training/);
  });

  test("distillation needs a teacher", async () => {
    const given = await options(4, { source: undefined, distillation: { weight: 0.5, temperature: 4 } });
    await expect(trainQuantized(given)).rejects.toThrow(UsageError);
  });
});

describe("steps", () => {
  const learning = { stepRate: 0.5, offsets: true, boundDecay: 1e-4 };
  test("learn by quantizer: all but the image's, activations alone, or none", async () => {
    const graph = await quantized(3, 3);
    const learnable = (quantizer: "lsq" | "pact" | "straight-through") =>
      fakeQuants(withLearnedSteps(graph, { ...learning, quantizer })).map(({ node, ofWeights, input }) => ({
        ofWeights,
        image: input === graph.inputs[0]!.name,
        learnable: node.attributes.learnable,
      }));
    for (const { image, learnable: value } of learnable("lsq")) expect(value).toBe(image ? 0 : 1);
    for (const { image, ofWeights, learnable: value } of learnable("pact"))
      expect(value).toBe(image || ofWeights ? 0 : 2);
    for (const { learnable: value } of learnable("straight-through")) expect(value).toBe(0);
  });

  test("have LSQ's gradient scale", async () => {
    const graph = withLearnedSteps(await quantized(3, 3), { ...learning, quantizer: "lsq" });
    const treat = treatments(graph, { ...learning, quantizer: "lsq" });
    const weight = fakeQuants(graph).find(({ ofWeights, bits }) => ofWeights && bits === 3)!;
    const tensor = graph.tensors.get(weight.scale)!;
    const treatment = treat({ name: weight.scale, tensor, isScale: true, isZeroPoint: false });
    expect(treatment).toMatchObject({ logarithmic: true, learningRate: 0.5, weightDecay: 0 });
    const elements = graph.tensors.get(weight.input)!.data.length / tensor.data.length;
    expect((treatment as { gradientScale: number }).gradientScale).toBeCloseTo(1 / Math.sqrt(elements * 3), 12);
  });
});

test("better means beyond chance", () => {
  const labels = new Array(100).fill(0);
  const right = (count: number, from = 0) => ({
    predictions: Int32Array.from({ length: 100 }, (_, i) => (i >= from && i < from + count ? 0 : 1)),
  });
  expect(isBetterBeyondChance(labels, right(60), right(60))).toBe(false);
  expect(isBetterBeyondChance(labels, right(61), right(60))).toBe(true); // one gained, none lost
  expect(isBetterBeyondChance(labels, right(62, 20), right(60))).toBe(false); // 22 gained, 20 lost
  expect(isBetterBeyondChance(labels, right(60), right(61))).toBe(false);
  const [low, high] = [Float64Array.of(1, 2, 3, 4), Float64Array.of(2, 3, 4, 4.5)];
  expect(isSmallerBeyondChance(low, high)).toBe(true);
  expect(isSmallerBeyondChance(high, low)).toBe(false);
  expect(isSmallerBeyondChance(Float64Array.of(1, 9), Float64Array.of(2, 8.5))).toBe(false);
  expect(isSmallerBeyondChance(Float64Array.of(1, 0.999), Float64Array.of(1.001, 1))).toBe(false);
});

describe("a chain of bit widths", () => {
  const stage =
    (out: string | undefined, extra: Partial<QatOptions> = {}) =>
    (bits: number) => ({
      images,
      validation,
      epochs: 1,
      batchSize: 12,
      rate: { learningRate: 0.02, schedule: { name: "cosine" } } as const,
      optimizer: { name: "sgd" } as const,
      ...normalization,
      session,
      ...(out === undefined ? {} : { out: join(out, `w${bits}a${bits}`) }),
      ...extra,
    });
  const quantize = (float: Graph, bits: number) => quantizeFloat(float, bits, bits);

  test("gives a network per stage, and resumes after a stop with the same weights", async () => {
    const folder = mkdtempSync(join(tmpdir(), "subbyte-chain-"));
    try {
      const [straight, broken] = [join(folder, "straight"), join(folder, "broken")];
      const whole = await trainChain({ source, bits: [4, 3], quantize, stage: stage(straight) });
      expect(whole.map(({ bits }) => bits)).toEqual([4, 3]);
      let stages = 0;
      const stopped = trainChain({
        source,
        bits: [4, 3],
        quantize,
        stage: stage(broken, {
          onProgress: ({ phase, step }) => {
            if (phase === "train" && step === 4 && stages === 1) throw new Error("killed");
          },
        }),
        onStage: () => {
          stages++;
        },
      });
      await expect(stopped).rejects.toThrow("killed");
      const resumed = await trainChain({ source, bits: [4, 3], quantize, stage: stage(broken, { resume: true }) });
      for (const [i, { result }] of whole.entries()) {
        expect(resumed[i]!.result.kept).toBe(result.kept);
        expect(resumed[i]!.result.best.graph.tensors).toEqual(result.best.graph.tensors);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("must fall", () => {
    expect(() => checkChain([4, 4])).toThrow(/does not decrease at 4/);
    expect(() => checkChain([])).toThrow(/at least one bit width/);
    expect(() => checkChain([9])).toThrow(UsageError);
    checkChain([8, 7, 6, 5, 4, 3, 2]);
  });
});

test("defaults follow bit width, optimizer and number of images", () => {
  const setting = { bits: 4, optimizer: "sgd", images: 50_000, batchSize: 64, teacher: true } as const;
  const four = qatDefaults(setting);
  expect(qatDefaults({ ...setting, bits: 8 }).learningRate).toBeLessThan(four.learningRate);
  expect(qatDefaults({ ...setting, bits: 2 }).learningRate).toBeGreaterThan(four.learningRate);
  expect(qatDefaults({ ...setting, images: 512 }).learningRate).toBeLessThan(four.learningRate);
  expect(qatDefaults({ ...setting, images: 512 }).epochs).toBeGreaterThan(four.epochs);
  expect(qatDefaults({ ...setting, optimizer: "adamw" }).learningRate).toBeLessThan(four.learningRate);
  expect(qatDefaults({ ...setting, teacher: false }).distillation).toBeUndefined();
  const chain = [8, 7, 6, 5, 4, 3, 2].map((bits) => qatDefaults({ ...setting, bits }).epochs);
  expect(chain.reduce((sum, epochs) => sum + epochs)).toBe(60);
});
