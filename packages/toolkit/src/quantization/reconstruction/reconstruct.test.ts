import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createReference } from "@subbyte/engine";
import { expandForInference, float32, type Graph, GraphBuilder, type Tensor } from "@subbyte/graph";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../../errors.js";
import { lower } from "../../lowering/lower.js";
import { Random } from "../../random.js";
import { createSession } from "../../runtime/session.js";
import { codesClassifier } from "../../simulation/classifier.js";
import { kitchenSink, preprocessing } from "../../testing/networks.js";
import { snapBiases } from "../biases.js";
import { codeRange, fakeQuants, quantizeValue } from "../fake-quant.js";
import { insertFakeQuant } from "../insert.js";
import { withMirrorImages } from "../mirror.js";
import type { BitPolicy } from "../policy.js";
import { type CalibrationInput, setRanges } from "../ranges.js";
import { findBlocks } from "./blocks.js";
import { imagesPerStep, workOf } from "./effort.js";
import { adaroundDefaults, type ReconstructionOptions, reconstructionDefaults } from "./options.js";
import { type ReconstructionRun, reconstruct } from "./reconstruct.js";

/** `[N, H, W, C]` bytes: waves of another length in each image, with noise. */
function bytes(seed: number, count: number): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length: count * 256 * 3 }, (_, i) => {
    const [pixel, channel, image] = [Math.floor(i / 3) % 256, i % 3, Math.floor(i / 768)];
    const wave = Math.sin(pixel / (5 + 3 * image) + channel + seed);
    return Math.min(255, Math.max(0, Math.round(128 + 50 * wave + 25 * random.normal())));
  });
}

function normalized(interleaved: Uint8Array): Tensor {
  const count = interleaved.length / 768;
  const data = new Float32Array(interleaved.length);
  for (let n = 0; n < count; n++)
    for (let c = 0; c < 3; c++)
      for (let i = 0; i < 256; i++)
        data[(n * 3 + c) * 256 + i] =
          (interleaved[(n * 256 + i) * 3 + c]! / 255 - preprocessing.mean[c]!) / preprocessing.std[c]!;
  return { dtype: "float32", shape: [count, 3, 16, 16], data };
}

const calibration: CalibrationInput = {
  async *batches() {
    for (const seed of [1, 2, 3]) yield normalized(bytes(seed, 8));
  },
};

const float = kitchenSink(5);
const ranged = (policy: BitPolicy) =>
  setRanges(insertFakeQuant(float, { depthwiseBits: 2, ...policy }), calibration, { method: "mse", threads: 1 });

/** So few iterations that the images compared on have to be the ones learned from. */
const short = { iterations: 60, batchSize: 8, roundingRate: 0.1, mirror: false };
const block: ReconstructionOptions = { ...reconstructionDefaults, ...short };
const layer: ReconstructionOptions = { ...adaroundDefaults, ...short };
const run = (options: ReconstructionOptions): ReconstructionRun => ({ options, seed: 3, threads: 1 });

/** Mean squared difference from the float network at `value`, over the calibration images. */
async function error(graph: Graph, value: string): Promise<number> {
  const outputs = { outputs: [value] };
  const [a, b] = await Promise.all(
    [{ ...float, ...outputs }, expandForInference({ ...graph, ...outputs })].map((each) =>
      createSession(each, { threads: 1 }),
    ),
  );
  let sum = 0;
  for await (const input of calibration.batches()) {
    const [expected, actual] = [await a!.run({ input }), await b!.run({ input })].map((r) => r[value]!.data);
    for (let i = 0; i < expected!.length; i++) sum += (Number(expected![i]) - Number(actual![i])) ** 2;
  }
  await Promise.all([a!.release(), b!.release()]);
  return sum;
}

const weightCodes = (graph: Graph) =>
  fakeQuants(graph)
    .filter((fq) => fq.ofWeights)
    .map((fq) => {
      const weights = graph.tensors.get(fq.input)!.data as Float32Array;
      const scales = graph.tensors.get(fq.scale)!.data as Float32Array;
      const size = weights.length / scales.length;
      return { fq, weights, scaleOf: (i: number) => scales[Math.floor(i / size)]! };
    });

const sameTensors = (a: Graph, b: Graph) => {
  expect([...a.tensors.keys()]).toEqual([...b.tensors.keys()]);
  for (const [name, tensor] of a.tensors) expect(b.tensors.get(name), name).toEqual(tensor);
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "reconstruct-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each([
  ["reconstruct", block],
  ["adaround", layer],
])("%s", (method, options) => {
  let before: Graph;
  let after: Graph;
  beforeAll(async () => {
    before = await ranged({ weights: 4, activations: 4 });
    after = await reconstruct(before, calibration, run(options));
  });

  test("comes closer to the float network than nearest rounding", async () => {
    const nearest = snapBiases(before);
    for (const { output } of findBlocks(before).slice(-2))
      expect(await error(after, output), output).toBeLessThan(await error(nearest, output));
  });

  test("the result lowers, and the engine equals the simulation on codes", async () => {
    const program = lower(after, { preprocessing });
    const images = bytes(9, 4);
    const simulation = await codesClassifier(program, { threads: 1 });
    const logits = await simulation.classify({ images, labels: new Int32Array(4), count: 4 });
    await simulation.close();
    expect(createReference(program).run(images, 4)).toEqual(logits);
  });

  test("weights stand in the middle of their codes' cells, biases on their grid", () => {
    for (const { fq, weights, scaleOf } of weightCodes(after)) {
      if (fq.input === "stem.weight") continue; // 8 bits with nothing before it: as it was.
      const { min, max } = codeRange(fq);
      weights.forEach((w, i) => {
        expect(w).toBe(Math.fround(scaleOf(i) * quantizeValue(w, scaleOf(i), 0, min, max)));
      });
    }
    sameTensors(after, snapBiases(after));
  });

  test.runIf(method === "adaround")("keeps scales and moves no weight by a cell or more", () => {
    const original = weightCodes(before);
    let moved = 0;
    for (const [k, { fq, weights, scaleOf }] of weightCodes(after).entries()) {
      const { weights: old, scaleOf: oldScale } = original[k]!;
      const { min, max } = codeRange(fq);
      weights.forEach((w, i) => {
        const s = scaleOf(i);
        expect(s).toBe(oldScale(i));
        const clipped = Math.min(max * s, Math.max(min * s, old[i]!));
        expect(Math.abs(w - clipped)).toBeLessThan(s * (1 + 1e-5));
        if (Math.round(clipped / s) !== Math.round(w / s)) moved++;
      });
    }
    expect(moved).toBeGreaterThan(100);
  });
});

test.each([true, false])(
  "steps on the whole network change no code and bring its outputs closer to the float network's; variations: %s",
  async (vary) => {
    const before = await ranged({ weights: 3, activations: 3 });
    const options: ReconstructionOptions = {
      ...block,
      iterations: 20,
      endToEndBatchSize: 16,
      endToEndRate: 3e-3,
      vary,
    };
    const blocks = await reconstruct(before, calibration, run(options));
    const after = await reconstruct(before, calibration, run({ ...options, endToEnd: 80 }));
    const output = float.outputs[0]!;
    expect(await error(after, output)).toBeLessThan(0.9 * (await error(blocks, output)));
    const codes = (graph: Graph) =>
      weightCodes(graph).map(({ weights, scaleOf }) => weights.map((w, i) => Math.round(w / scaleOf(i)) + 0));
    expect(codes(after)).toEqual(codes(blocks));
  },
);

describe("a stopped run goes on bit for bit", () => {
  const options: ReconstructionOptions = { ...block, drop: 0.5, iterations: 12, endToEnd: 10, endToEndBatchSize: 8 };

  let before: Graph;
  let whole: Graph;
  beforeAll(async () => {
    before = await ranged({ weights: 2, activations: 4 });
    whole = await reconstruct(before, calibration, run(options));
  });

  test.each([5, 24, 64])("after %i iterations of all units", async (stopAfter) => {
    const path = join(folder, `stopped-${stopAfter}.safetensors`);
    const stop = new AbortController();
    const first = reconstruct(before, calibration, {
      ...run(options),
      checkpoint: { path, every: 4 },
      signal: stop.signal,
      onProgress: ({ iteration }) => iteration >= stopAfter && stop.abort(),
    });
    await expect(first).rejects.toThrow(/abort/);
    const seen: number[] = [];
    const second = await reconstruct(before, calibration, {
      ...run(options),
      checkpoint: { path, every: 4, resume: true },
      onProgress: ({ iteration, iterations, secondsLeft }) => {
        seen.push(iteration);
        expect(iterations).toBe(5 * 12 + 10);
        expect(secondsLeft).toBeGreaterThanOrEqual(0);
      },
    });
    expect(seen[0]).toBeGreaterThan(stopAfter - 5);
    expect(seen.at(-1)).toBe(70);
    sameTensors(second, whole);
    // A finished run's checkpoint gives the result again.
    sameTensors(await reconstruct(before, calibration, { ...run(options), checkpoint: { path, resume: true } }), whole);
  });

  test("under the same settings only", async () => {
    const checkpoint = { path: join(folder, "other.safetensors") };
    const short = { ...block, iterations: 1 };
    await reconstruct(before, calibration, { ...run(short), checkpoint });
    const other = { ...run({ ...short, batchSize: 4 }), checkpoint: { ...checkpoint, resume: true } };
    await expect(reconstruct(before, calibration, other)).rejects.toThrow(/batchSize was 8, now 4/);
  });
});

test("a time limit leaves fewer steps to each unit, and a resumed run keeps their number", async () => {
  const before = await ranged({ weights: 4, activations: 4 });
  const options = { ...block, iterations: 120 };
  const notes: string[] = [];
  const path = join(folder, "limited.safetensors");
  const stop = new AbortController();
  const limited = reconstruct(before, calibration, {
    ...run(options),
    maxMinutes: 1e-6,
    checkpoint: { path, every: 50 },
    onNote: (text) => notes.push(text),
    onProgress: ({ iteration, iterations }) => {
      expect(iterations).toBe(5 * 100);
      if (iteration === 160) stop.abort();
    },
    signal: stop.signal,
  });
  await expect(limited).rejects.toThrow(/abort/);
  expect(notes.join()).toMatch(/100 steps for each of 5 parts.*All 120 would take.*`iterations` 100 gives this result/);
  const resumed = { ...run(options), maxMinutes: 60, checkpoint: { path, resume: true } };
  const expected = await reconstruct(before, calibration, run({ ...options, iterations: 100 }));
  sameTensors(await reconstruct(before, calibration, resumed), expected);
});

test("a limit of work leaves fewer steps too, and says how to have all of them", async () => {
  const before = await ranged({ weights: 4, activations: 4 });
  const options = { ...block, iterations: 102 };
  const notes: string[] = [];
  const limited = await reconstruct(before, calibration, {
    ...run(options),
    maxWork: 1,
    onNote: (text) => notes.push(text),
  });
  sameTensors(limited, await reconstruct(before, calibration, run({ ...options, iterations: 100 })));
  expect(notes.join()).toMatch(/100 steps for each of 5 parts.*All 102 would take.*`maxMinutes` 1 or more allows them/);
  const unlimited = {
    ...run({ ...options, iterations: 1 }),
    maxWork: 1e15,
    onNote: (text: string) => notes.push(text),
  };
  await reconstruct(before, calibration, unlimited);
  expect(notes).toHaveLength(1);
});

test("work counts the multiplications and the elements that are written", () => {
  const b = new GraphBuilder("work");
  const input = b.input("input", "float32", [2, 4, 8, 8]);
  const weight = b.constant(float32(new Float32Array(6 * 4 * 3 * 3), [6, 4, 3, 3]));
  const flat = b.op("Flatten", [b.op("Conv", [input, weight], { pads: [1, 1, 1, 1] })]);
  b.output(b.op("MatMul", [flat, b.constant(float32(new Float32Array(384 * 5), [384, 5]))]));
  const [conv, product] = [2 * 6 * 8 * 8, 2 * 5];
  expect(workOf(b.build())).toBe(conv * 4 * 3 * 3 + product * 384 + 12 * (2 * conv + product));
});

test("units with more positions learn from fewer images in each step, one at least", () => {
  const part = (size: number): Graph => {
    const b = new GraphBuilder("part");
    b.output(b.op("Relu", [b.input("input", "float32", ["N", 3, size, size])]));
    return b.build();
  };
  const limit = { batchSize: 16, positions: 16 * 32 * 32 };
  expect([16, 32, 64, 128, 256].map((size) => imagesPerStep(part(size), limit))).toEqual([16, 16, 4, 1, 1]);
});

test("activations in temporary files give the same bits, and leave nothing behind", async () => {
  const before = await ranged({ weights: 2, activations: 4 });
  const options = { ...block, drop: 0.5, iterations: 3 };
  const inMemory = await reconstruct(before, calibration, run(options));
  const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith("subbyte-activations-")).length;
  const leftBefore = left();
  sameTensors(await reconstruct(before, calibration, { ...run(options), memoryBytes: 0 }), inMemory);
  expect(left()).toBe(leftBefore);
});

test("a network of 8 bits is left as its ranges are; options out of range are refused", async () => {
  const before = await ranged({ weights: 8, activations: 8 });
  sameTensors(await reconstruct(before, calibration, run(block)), snapBiases(before));
  await expect(reconstruct(before, calibration, run({ ...block, iterations: 0 }))).rejects.toThrow(UsageError);
});

test("mirror images are learned from as if they had been given", async () => {
  const before = await ranged({ weights: 4, activations: 4 });
  const options = { ...block, iterations: 3 };
  const own = await reconstruct(before, calibration, run({ ...options, mirror: true }));
  const given = await reconstruct(before, withMirrorImages(calibration), run(options));
  sameTensors(own, given);
  const without = await reconstruct(before, calibration, run(options));
  expect(without.tensors).not.toEqual(own.tensors);
});
