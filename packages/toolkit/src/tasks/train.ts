/** @file The task `train`: trains a built-in architecture on images. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Graph } from "@subbyte/graph";
import type { OpenOptions } from "../data/index.js";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import { floatClassifier, type TestAccuracy } from "../evaluation/index.js";
import { describeModel } from "../model-file/index.js";
import { buildModel, findArchitecture } from "../models/index.js";
import { runtimeOptions } from "../runtime/runtime-options.js";
import { type EpochRecord, train } from "../training/index.js";
import { applyWeights, loadWeights } from "../weights/index.js";
import { CROP_HEADROOM, openTaskImages } from "./images.js";
import { normalizationOf } from "./preprocessing.js";
import { defineTask } from "./run.js";
import { testAccuracy } from "./test-images.js";
import { trainOptionsOf } from "./training.js";

/** Result of the task `train`. */
export interface TrainTaskResult {
  readonly arch: string;
  readonly data: string;
  /** Folder, and the weights of the best epoch in it. */
  readonly out: string;
  readonly weights: string;
  readonly seed: number;
  /** The best epoch. */
  readonly best: number;
  readonly history: readonly EpochRecord[];
  /** Part of the data that chose the best epoch: `held-out` for training images that were set aside. */
  readonly validationSplit: string;
  /** Duration of the training without evaluation of test images, in seconds. */
  readonly seconds: number;
  /** Accuracy of the best epoch's network; absent if the data has no test images. */
  readonly test: TestAccuracy | undefined;
}

/** The task `train`: trains a built-in network on images. */
export const trainModel = defineTask("train", async (options, run): Promise<TrainTaskResult> => {
  const architecture = findArchitecture(options.arch);
  const { size: given, resizeTo = given, validationShare = "auto", seed } = options;
  if (resizeTo !== undefined && given === undefined)
    throw new UsageError(
      "option-conflict",
      { options: ["resizeTo", "size"] },
      `\`resizeTo\` ${resizeTo} needs \`size\`, the part of the resized image that the network takes.`,
    );
  const pixels = given === undefined || resizeTo === undefined ? {} : { size: given, resizeTo };
  const images = await openTaskImages(options, run, {
    split: "train",
    validationShare,
    ...pixels,
    ...(options.randomResizedCrop ? { headroom: CROP_HEADROOM } : {}),
  });
  const { split: _, ...evaluation } = options;
  const open = (split: OpenOptions["split"]) => openTaskImages(evaluation, run, { split, validationShare, ...pixels });
  const validation = await open(validationShare === 0 ? "evaluation" : "held-out");

  const { channels, height: size, classes: labels } = images;
  const { mean, std } = normalizationOf(channels, options);
  if (options.classes !== undefined && options.classes !== labels.length)
    throw new UsageError(
      "option-mismatch",
      { option: "classes", value: options.classes, found: labels.length },
      `\`classes\` ${options.classes}: "${images.name}" has ${labels.length} classes; leave the option out.`,
    );
  const stem = options.stem ?? architecture.stems[0]!;
  const initial = buildModel(architecture, { classes: labels.length, size, channels, stem, seed });
  const graph = options.from === undefined ? initial : await withWeights(initial, options.from);
  const begun = performance.now();
  const result = await train({
    ...trainOptionsOf(options, run),
    graph,
    images,
    validation,
    mean,
    std,
    metadata: describeModel({
      architecture: architecture.name,
      classes: labels.length,
      channels,
      size,
      stem,
      mean,
      std,
      labels,
      ...defined({ resizeTo }),
    }),
  });
  return {
    arch: architecture.name,
    data: options.data,
    out: options.out,
    weights: join(options.out, "best.safetensors"),
    seed,
    best: result.best.epoch,
    history: result.history,
    validationSplit: validation.split,
    seconds: (performance.now() - begun) / 1000,
    test: await testAccuracy(
      open,
      () =>
        floatClassifier(result.best.graph, [channels, size, size], {
          mean,
          std,
          ...runtimeOptions(options),
        }),
      run,
    ),
  };
});

async function withWeights(graph: Graph, path: string): Promise<Graph> {
  const weights = await loadWeights(new Uint8Array(await readFile(path)), path);
  return applyWeights(graph, weights.tensors, { head: "reinitialize", source: path }).graph;
}
