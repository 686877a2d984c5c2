/** @file The task `qat`: quantization-aware training from a float or a quantized network to a `.sbq` file. */

import { join } from "node:path";
import { type Preprocessing, writeSbq } from "@subbyte/engine";
import type { Graph } from "@subbyte/graph";
import type { ImageSet } from "../data/index.js";
import { UsageError } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { lower } from "../lowering/lower.js";
import type { OpenedModel } from "../model-file/index.js";
import { optionNames, optionOf, type TaskOptions } from "../options/index.js";
import { trainQuantized } from "../quantization/qat.js";
import { lift } from "../simulation/lift.js";
import type { EpochRecord } from "../training/index.js";
import { bitPolicy } from "./bit-policy.js";
import { CROP_HEADROOM, openImagesFor, requireSameClasses } from "./images.js";
import { openTaskModel } from "./model.js";
import { preprocessingOf } from "./preprocessing.js";
import { quantizedStart } from "./quantized-start.js";
import { defineTask, type Run } from "./run.js";
import { trainOptionsOf } from "./training.js";

export interface QatTaskResult {
  readonly model: string;
  readonly data: string;
  /** The `.sbq` file of the best epoch. */
  readonly out: string;
  readonly bytes: number;
  readonly seed: number;
  /** Epoch. */
  readonly best: number;
  readonly history: readonly EpochRecord[];
  /** Part of the data that chose the best epoch. */
  readonly validationSplit: string;
}

type Options = TaskOptions<"qat">;

export const trainQuantizedModel = defineTask("qat", async (options, run): Promise<QatTaskResult> => {
  const model = await openTaskModel(options.model, options);
  const { validationShare, seed } = options;
  const { graph, preprocessing, images, labels } = await begin(model, options, run);
  requireSameClasses(model, images);
  const { split: _, ...evaluation } = options;
  const split = validationShare > 0 ? "val" : "evaluation";
  const validation = await openImagesFor(preprocessing, split, evaluation, run, { validationShare });
  const result = await trainQuantized({
    ...trainOptionsOf(options, run),
    graph,
    images,
    validation,
    mean: preprocessing.mean,
    std: preprocessing.std,
  });
  const program = lower(result.best.graph, {
    preprocessing,
    ...(labels === undefined ? {} : { labels }),
    provenance: {
      command: "qat",
      method: "straight-through",
      seed,
      source: model.path,
      sourceHash: model.sha256,
      epochs: options.epochs,
    },
  });
  const bytes = writeSbq(program);
  const out = join(options.out, "best.sbq");
  await writeFileAtomic(out, bytes);
  return {
    model: model.path,
    data: options.data,
    out,
    bytes: bytes.length,
    seed,
    best: result.best.epoch,
    history: result.history,
    validationSplit: validation.split,
  };
});

interface Start {
  readonly graph: Graph;
  readonly preprocessing: Preprocessing;
  readonly images: ImageSet;
  readonly labels: readonly string[] | undefined;
}

async function begin(model: OpenedModel, options: Options, run: Run): Promise<Start> {
  const { validationShare, randomResizedCrop } = options;
  const opening = { validationShare, ...(randomResizedCrop ? { headroom: CROP_HEADROOM } : {}) };
  if (model.kind === "float") {
    const start = await quantizedStart(model, options, run, { policy: bitPolicy(options), opening });
    return { ...start, graph: start.quantized };
  }
  requireUnquantizedOptions(model.path, run);
  const preprocessing = preprocessingOf(model, options);
  const images = await openImagesFor(preprocessing, "train", options, run, opening);
  return { graph: lift(model.program), preprocessing, images, labels: model.program.labels ?? images.classes };
}

/** @throws {UsageError} for an option that says how a float network is quantized: the `.sbq` is, and keeps its bit widths and scales */
function requireUnquantizedOptions(path: string, run: Run): void {
  const foreign = optionNames("qat").find(
    (name) => run.given.has(name) && ["Bit widths", "Method"].includes(optionOf("qat", name).group),
  );
  if (foreign !== undefined)
    throw new UsageError(
      "option-conflict",
      { options: [foreign, "model"], file: path },
      `\`${foreign}\` says how a float network is quantized; ${path} is quantized already and keeps its bit widths and scales. Leave it out.`,
    );
}
