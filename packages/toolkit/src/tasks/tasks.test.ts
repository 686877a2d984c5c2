import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSbq } from "@subbyte/engine";
import { GraphBuilder, writeOnnx } from "@subbyte/graph";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ImageCache } from "../data/cache.js";
import { InterruptedError, UsageError } from "../errors.js";
import { buildModel } from "../models/registry.js";
import { evaluateModel, quantizeModel, type TaskEvent, trainModel } from "./index.js";

let folder: string;
let cache: ImageCache;
let weights: string;
const training: TaskEvent[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subbyte-tasks-"));
  cache = ImageCache.fromEnvironment({ XDG_CACHE_HOME: folder });
  const result = await trainModel(
    { arch: "resnet8", data: "mnist", limit: 300, batch: 32, epochs: 1, out: join(folder, "run") },
    { cache, emit: (event) => training.push(event) },
  );
  ({ weights } = result);
  expect(result).toMatchObject({ arch: "resnet8", best: 1, validationSplit: "held-out" });
}, 300_000);
afterAll(() => rm(folder, { recursive: true }));

/** A quantization to so many bits, with what it said. */
async function quantized(bits: number, name: string) {
  const events: TaskEvent[] = [];
  const options = { data: "mnist", limit: 300, calibrationImages: 16, method: "mse", force: true } as const;
  const result = await quantizeModel(
    { ...options, model: weights, weights: bits, activations: bits, out: join(folder, name) },
    { cache, emit: (event) => events.push(event) },
  );
  const notes = events.flatMap((event) => (event.type === "note" ? [event.text] : []));
  return { result, events, notes };
}

test("training says its phases, and its progress with figures", () => {
  const phases = training.flatMap((event) => (event.type === "phase" ? [event.phase] : []));
  const opening = "opening images";
  expect(phases).toEqual([opening, opening, "training", "validating", opening, "evaluating"]);
  const progress = training.filter((event) => event.type === "progress" && event.phase === "training");
  expect(progress.at(-1)).toMatchObject({ unit: "steps", total: 9, detail: "epoch 1/1" });
  expect(progress.at(-1)!.figures!.loss).toBeGreaterThan(0);
});

test("a network that ends in a Sigmoid keeps in its .sbq that each class is decided by itself", async () => {
  const network = buildModel("resnet8", { classes: 10, channels: 1, size: 28, stem: "cifar", seed: 1 });
  const b = new GraphBuilder(network.name, network);
  b.setOutputs([b.op("Sigmoid", [network.outputs[0]!], {}, { name: "end" })]);
  const model = join(folder, "sigmoid.onnx");
  await writeFile(model, writeOnnx(b.build()));
  const out = join(folder, "sigmoid.sbq");
  const options = { data: "mnist", limit: 300, calibrationImages: 16, method: "mse", force: true } as const;
  await quantizeModel({ ...options, model, out, mean: [0], std: [1] }, { cache });
  expect(readSbq(await readFile(out)).probabilities).toBe("sigmoid");
}, 300_000);

describe("two tasks side by side in one process", () => {
  test("each has its own notes and the result that it has alone", async () => {
    const write = vi.spyOn(process.stderr, "write");
    const [wide, narrow] = await Promise.all([quantized(8, "wide.sbq"), quantized(3, "narrow.sbq")]);
    expect(write).not.toHaveBeenCalled();
    write.mockRestore();
    expect(wide.result.figures.divergence).toBeLessThan(narrow.result.figures.divergence);
    // What both had to say, both said.
    const few = "Ranges are measured on 16 images only; a thousand give better ones.";
    expect(wide.notes).toContain(few);
    expect(narrow.notes).toContain(few);
    expect(wide.result.bytes).toBeGreaterThan(narrow.result.bytes);

    await quantized(3, "alone.sbq");
    const bytes = (name: string) => readFile(join(folder, name));
    expect(await bytes("narrow.sbq")).toEqual(await bytes("alone.sbq"));
  }, 300_000);
});

describe("quantize", () => {
  test("a budget gives inner layers bit widths whose means are those of the file", async () => {
    const out = join(folder, "mixed.sbq");
    const options = { model: weights, data: "mnist", limit: 64, calibrationImages: 16, force: true, out } as const;
    const result = await quantizeModel({ ...options, method: "mse", avgBits: 3, sensitivityImages: 16 }, { cache });
    const { averageBits, mixed } = result;
    expect(averageBits!.weights).toBeLessThanOrEqual(3);
    expect(averageBits!.activations).toBeLessThanOrEqual(3);
    expect(new Set(mixed!.layers.map((layer) => layer.weights)).size).toBeGreaterThan(1);
    const stored = readSbq(await readFile(out)).operators.flatMap((op) => ("weights" in op ? [op.weights] : []));
    // The first and the last layer do not count.
    const inner = stored.slice(1, -1).map(({ bits, shape }) => ({ bits, size: shape.reduce((a, b) => a * b, 1) }));
    const size = inner.reduce((sum, layer) => sum + layer.size, 0);
    const mean = inner.reduce((sum, layer) => sum + layer.bits * layer.size, 0) / size;
    expect(averageBits!.weights).toBeCloseTo(mean, 9);
  }, 300_000);

  test("settings of reconstruction are read from a file, and another key is refused by name", async () => {
    const file = join(folder, "settings.yaml");
    const options = { model: weights, data: "mnist", limit: 64, calibrationImages: 16, force: true } as const;
    const learning = { ...options, method: "reconstruct", iterations: 2, endToEnd: 0 } as const;
    const bytesWith = async (reconstruction: string | undefined) => {
      const out = join(folder, "learned.sbq");
      await quantizeModel({ ...learning, weights: 3, activations: 3, reconstruction, out }, { cache });
      return readFile(out);
    };
    await writeFile(file, "batchSize: 4\nroundingRate: 0.5\n");
    expect(await bytesWith(file)).not.toEqual(await bytesWith(undefined));
    await writeFile(file, "batchsize: 4\n");
    await expect(bytesWith(file)).rejects.toThrow(/settings\.yaml: "batchsize": .*batchSize/);
  }, 300_000);
});

describe("a task", () => {
  test("refuses options before it opens anything", async () => {
    const options = { model: "absent.onnx", data: "mnist", weights: 9 };
    await expect(quantizeModel(options)).rejects.toThrow(UsageError);
  });

  test("ends where its signal fires", async () => {
    const interruption = new AbortController();
    const emit = (event: TaskEvent) => {
      if (event.type === "progress" && event.phase === "evaluating") interruption.abort();
    };
    const evaluation = evaluateModel(
      { model: weights, data: "mnist", limit: 300, batch: 16 },
      { cache, emit, signal: interruption.signal },
    );
    await expect(evaluation).rejects.toThrow(InterruptedError);
  });

  test("gives a result that is JSON", async () => {
    const result = await evaluateModel({ model: weights, data: "mnist", limit: 50 }, { cache });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    expect(result).toMatchObject({ images: 50, split: "test", data: "mnist" });
  });
});
