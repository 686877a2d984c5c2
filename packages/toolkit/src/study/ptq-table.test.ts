import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSbq } from "@subbyte/engine";
import { simplifyForImport } from "@subbyte/graph";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MemoryImageSet } from "../data/image-set.js";
import { UsageError } from "../errors.js";
import { buildModel } from "../models/index.js";
import { Random } from "../random.js";
import { type PtqConfiguration, ptqConfiguration, ptqConfigurations } from "./ptq-configurations.js";
import { measurePtq, type PtqContext } from "./ptq-table.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "subbyte-ptq-"));
});
afterAll(() => rm(folder, { recursive: true }));

const settings = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3], threads: 1 };
const random = new Random(6);

/** With batch normalization. */
const graph = buildModel("resnet8", { classes: 5, size: 16, channels: 3, seed: 2 });

/** Noise of 16 × 16 pixels. */
function noise(split: "train" | "test", count: number): MemoryImageSet {
  return new MemoryImageSet({
    name: "noise",
    split,
    classes: ["a", "b", "c", "d", "e"],
    channels: 3,
    storedHeight: 16,
    storedWidth: 16,
    labels: Int32Array.from({ length: count }, (_, i) => i % 5),
    pixels: Uint8Array.from({ length: count * 768 }, () => random.integer(256)),
    notes: [],
  });
}

test("widths by sensitivity keep the average in the file that is written, first and last layer aside", async () => {
  const context: PtqContext = {
    ...settings,
    graph,
    train: noise("train", 32),
    test: noise("test", 20),
  };
  const configuration: PtqConfiguration = {
    name: "mixed",
    calibration: { kind: "training", images: 16 },
    widths: { kind: "mixed", averageBits: 3, widths: [2, 4] },
    method: "reconstruct",
    reconstruction: { iterations: 2, endToEnd: 0 },
  };
  const path = join(folder, "mixed.sbq");
  const told: string[] = [];
  const { mixed, ...measured } = await measurePtq(context, configuration, {
    seed: 1,
    path,
    onProgress: (text) => told.push(text),
  });
  expect(measured).toMatchObject({ configuration, seed: 1, images: 20 });
  expect(measured.accuracy * 20).toBeCloseTo(Math.round(measured.accuracy * 20), 9);
  expect(measured.cpuSeconds).toBeGreaterThan(0);
  expect(told.some((text) => text.startsWith("sensitivity"))).toBe(true);

  expect(mixed?.averageBits.weights).toBeLessThanOrEqual(3);
  expect(mixed?.averageBits.activations).toBeLessThanOrEqual(3);
  expect(new Set(mixed?.layers.map(({ weights }) => weights)).size).toBeGreaterThan(1);
  const bytes = await readFile(path);
  expect(bytes.length).toBe(measured.fileBytes);
  const stored = readSbq(bytes).operators.flatMap((operator) => ("weights" in operator ? [operator.weights] : []));
  const inner = stored.slice(1, -1).map(({ bits, shape }) => ({ bits, size: shape.reduce((a, b) => a * b, 1) }));
  const mean =
    inner.reduce((sum, { bits, size }) => sum + bits * size, 0) / inner.reduce((sum, { size }) => sum + size, 0);
  expect(mixed?.averageBits.weights).toBeCloseTo(mean, 9);
});

test.each([
  ["mse", {}],
  ["reconstruct", { reconstruction: { iterations: 2 } }],
])("a network with its batch norm is quantized by %s without a training image", async (method, more) => {
  const context: PtqContext = {
    ...settings,
    graph: simplifyForImport(graph),
    batchNormGraph: graph,
    train: noise("train", 0),
    test: noise("test", 20),
  };
  const configuration: PtqConfiguration = {
    name: "no data",
    calibration: { kind: "synthesis", images: 8, iterations: 2 },
    widths: { kind: "policy", policy: { weights: 4, activations: 4 } },
    method,
    ...more,
  };
  const path = join(folder, `${method}.sbq`);
  const measured = await measurePtq(context, configuration, { seed: 1, path });
  expect(measured).toMatchObject({ configuration, images: 20 });
  const program = readSbq(await readFile(path));
  // Noise has no class names to give.
  expect(program.labels).toBeUndefined();
});

test("configurations have names of their own without commas, ablations name one of them; unknown names are refused", () => {
  const names = ptqConfigurations.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => name.includes(","))).toEqual([]);
  for (const { ablates } of ptqConfigurations) if (ablates !== undefined) expect(names).toContain(ablates);
  expect(ptqConfiguration("mixed 3 bits").widths).toMatchObject({ kind: "mixed", averageBits: 3 });
  expect(() => ptqConfiguration("W9A9")).toThrow(UsageError);
});
