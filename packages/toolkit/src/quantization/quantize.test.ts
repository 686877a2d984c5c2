import { float32, type Graph, ModelError } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { MemoryImageSet } from "../data/image-set.js";
import { DataError, FailedRunError, UsageError } from "../errors.js";
import { lower } from "../lowering/lower.js";
import { Random } from "../random.js";
import { kitchenSink } from "../testing/networks.js";
import type { GuardedOptions } from "./apply-method.js";
import { correctBiases } from "./bias-correction.js";
import { Check, checkImages } from "./check.js";
import { insertFakeQuant } from "./insert.js";
import { quantize, quantizeGraph } from "./quantize.js";
import { setRanges } from "./ranges.js";

const mean = [0.4, 0.5, 0.6];
const std = [0.2, 0.25, 0.3];

function imageSet(count: number, pixel: (i: number) => number): MemoryImageSet {
  return new MemoryImageSet({
    name: "noise",
    split: "train",
    classes: ["a", "b", "c", "d", "e"],
    channels: 3,
    storedHeight: 16,
    storedWidth: 16,
    labels: Int32Array.from({ length: count }, (_, i) => i % 5),
    pixels: Uint8Array.from({ length: count * 768 }, (_, i) => pixel(i)),
    notes: [],
  });
}

const random = new Random(8);
/** Noise of unlike brightness, so that the network names several classes. */
const noise = imageSet(96, (i) => Math.min(255, ((Math.floor(i / 768) % 7) * random.integer(256)) >> 2));
const options = (more: Partial<GuardedOptions> = {}): GuardedOptions => ({
  policy: { weights: 8, activations: 8 },
  method: "mse",
  seed: 1,
  mean,
  std,
  calibrationImages: 48,
  threads: 1,
  ...more,
});

const preprocessing = { channels: 3, height: 16, width: 16, resize: "exact", mean, std } as const;
const graph = kitchenSink(7);

const withTensor = (name: string, change: (data: Float32Array) => Float32Array): Graph => {
  const { data, shape } = graph.tensors.get(name)!;
  return {
    ...graph,
    tensors: new Map([...graph.tensors, [name, float32(change((data as Float32Array).slice()), shape)] as const]),
  };
};

describe("quantize", () => {
  test.each([
    ["minmax", {}],
    ["movingaverage", {}],
    ["percentile", { percentile: 99.9 }],
    ["kl", {}],
    ["l24", { biasCorrection: true }],
    ["mse", { equalize: true, biasCorrection: true }],
  ] as const)("%s %o at 8 bits agrees with float, and lowers", async (method, more) => {
    const { graph: quantized, closeness } = await quantize(graph, noise, options({ method, ...more }));
    expect(closeness.agreement).toBeGreaterThan(0.85);
    expect(closeness.divergence).toBeLessThan(0.1);
    const program = lower(quantized, { preprocessing });
    expect(program.tensors.every(({ scale }) => scale > 0 && Number.isFinite(scale))).toBe(true);
  });

  test("the same seed gives the same network", async () => {
    const [first, second] = await Promise.all([0, 1].map(() => quantizeGraph(graph, noise, options())));
    expect(second!.tensors).toEqual(first!.tensors);
  });

  test("auto stops at the cheapest method that suffices and says so", async () => {
    const { log } = await quantize(graph, noise, options({ method: "auto", maxDrop: 60 }));
    expect(log.join("\n")).toMatch(/auto tried ranges by squared error .*\n.*auto stops with ranges by squared error/);
  });

  test("a network that collapsed is an error with its worst layers, unless forced", async () => {
    // A dead input channel with huge weights: the float network does not see them, min/max ranges see nothing else.
    const tensors = new Map(graph.tensors);
    const change = (name: string, value: (w: number, i: number) => number) => {
      const { data, shape } = tensors.get(name)!;
      tensors.set(name, float32((data as Float32Array).map(value), shape));
    };
    change("depthwise.weight", (w, i) => (i < 9 ? 0 : w));
    change("depthwise.bias", (b, c) => (c === 0 ? 0 : b));
    for (const name of ["mix.weight", "mix2.weight"]) change(name, (w, i) => (i % 40 === 0 ? 1e6 : w));
    const broken = { ...graph, tensors };
    const collapsing = options({
      method: "minmax",
    });
    const error = await quantize(broken, noise, collapsing).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FailedRunError);
    expect((error as Error).message).toMatch(/collapsed: .*noisiest layers are .* dB .*; .* dB .*; .* dB .*`force`/);
    const { log } = await quantize(broken, noise, { ...collapsing, force: true });
    expect(log.at(-1)).toMatch(/collapsed/);
  });

  test.each<[string, Graph, MemoryImageSet, unknown, RegExp]>([
    ["no image", graph, imageSet(0, () => 0), DataError, /no train images to calibrate on/],
    ["black images", graph, imageSet(4, () => 0), DataError, /all 4 images are one plain colour/],
    [
      "NaN in the weights",
      withTensor("stem.weight", (w) => w.fill(Number.NaN, 0, 3)),
      noise,
      ModelError,
      /is NaN or infinite on the calibration images/,
    ],
  ])("%s is refused in words", async (_, network, images, kind, text) => {
    const error = await quantize(network, images, options()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toMatch(text);
  });

  test("one image and dead channels give warnings and a file without NaN", async () => {
    const dead = withTensor("stem.weight", (w) => w.fill(0));
    const bias = float32(new Float32Array(8));
    const network = { ...dead, tensors: new Map([...dead.tensors, ["stem.bias", bias] as const]) };
    const one = imageSet(1, () => random.integer(256));
    const { graph: quantized, log } = await quantize(network, one, options({ force: true }));
    expect(log.join("\n")).toMatch(/1 image only/);
    expect(log.join("\n")).toMatch(/all values are equal in/);
    for (const { data } of quantized.tensors.values())
      expect(data instanceof BigInt64Array || (data as Float32Array).every(Number.isFinite)).toBe(true);
    lower(quantized, { preprocessing });
  });

  test("an unknown method is a usage error", async () => {
    await expect(quantize(graph, noise, options({ method: "magic" }))).rejects.toThrow(UsageError);
  });
});

async function calibrated(network: Graph, bits: number, method: "minmax" | "mse" = "minmax") {
  const { batches } = await checkImages(noise, { seed: 1, mean, std, calibrationImages: 0 });
  const calibration = {
    images: 96,
    batches: async function* () {
      yield* batches;
    },
  };
  const policy = { weights: bits, activations: bits, firstLastBits: bits };
  return {
    batches,
    calibration,
    graph: await setRanges(insertFakeQuant(network, policy), calibration, { method, threads: 1 }),
  };
}

test("weight scales by the output's error bring the outputs nearer than the largest weight does", async () => {
  const { batches, graph: minmax } = await calibrated(graph, 3);
  const { graph: searched } = await calibrated(graph, 3, "mse");
  const check = await Check.of(
    graph,
    { batches, labels: new Int32Array(96), classes: 1, disjoint: true },
    { threads: 1 },
  );
  expect(check.floatTop1).toBeUndefined(); // The labels are not the network's classes.
  expect((await check.measure(searched)).divergence).toBeLessThan((await check.measure(minmax)).divergence);
  expect(await check.measure(graph)).toEqual({ agreement: 1, divergence: 0 });
});

test("bias correction undoes the mean error of rounded weights", async () => {
  const { batches, calibration, graph: quantized } = await calibrated(graph, 3);
  const corrected = await correctBiases(quantized, calibration, { threads: 1 });
  // The first layer's input has no noise from before, so its mean output must come back.
  const shift = (each: Graph) => {
    const bias = each.tensors.get("stem.bias")!.data as Float32Array;
    return bias.map((b, c) => b - (quantized.tensors.get("stem.bias")!.data as Float32Array)[c]!);
  };
  expect(Math.max(...shift(corrected).map(Math.abs))).toBeGreaterThan(1e-3);
  const again = await correctBiases(corrected, calibration, { threads: 1 });
  // The weights' error does not depend on the bias: a second correction adds the same shift.
  shift(again).forEach((value, c) => {
    expect(value).toBeCloseTo(2 * shift(corrected)[c]!, 4);
  });
  expect(batches.length).toBe(2);
});
