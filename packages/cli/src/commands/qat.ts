/** @file `subbyte qat`: quantization-aware training from a float or a quantized network to a `.sbq` file. */

import { join } from "node:path";
import { type Preprocessing, writeSbq } from "@subbyte/engine";
import type { Graph } from "@subbyte/graph";
import {
  type ImageSet,
  lift,
  lower,
  type OpenedModel,
  openModel,
  trainQuantized,
  writeFileAtomic,
} from "@subbyte/toolkit";
import { Command } from "commander";
import { CROP_HEADROOM, openImagesFor, preprocessingOf, requireSameClasses } from "../images.js";
import { openOptions, required, withDataOptions, withModelOptions, withRunOptions } from "../options.js";
import { byteSize, percent } from "../output.js";
import { quantizeOpened } from "../quantization.js";
import { type QuantizationOptions, withQuantizationOptions } from "../quantization-options.js";
import { deliver } from "../results.js";
import { type TrainingOptions, trainingOptions, withTrainingOptions } from "../training-options.js";
import { trainingProgress } from "../training-progress.js";

type Options = QuantizationOptions & TrainingOptions;

export function qatCommand(signal: AbortSignal): Command {
  const command = new Command("qat")
    .description(
      "Trains with fake-quantized weights and activations, from a float network (calibrated first) or from a .sbq.",
    )
    .argument("<model>", "model file, recognised by its content")
    .action((path: string, options: Options) => run(path, options, signal));
  // The network has no batch norm any more; Adam's bounded steps keep it from diverging at few bits.
  const defaults = { epochs: 5, lr: 1e-3, schedule: "cosine", optimizer: "adamw", out: "runs/qat" } as const;
  const withAll = withTrainingOptions(
    withRunOptions(withModelOptions(withDataOptions(withQuantizationOptions(command)))),
    defaults,
  );
  return withAll.addHelpText(
    "after",
    `
Examples:
  subbyte qat runs/resnet20/best.safetensors --data cifar10.tgz --weights 4 --activations 4 --epochs 5 --crop-padding 4 --flip
  subbyte qat model-w2a2.sbq --data photos/ --epochs 3 --lr 0.005 --out runs/w2a2`,
  );
}

interface Start {
  readonly graph: Graph;
  readonly preprocessing: Preprocessing;
  readonly images: ImageSet;
  readonly labels: readonly string[] | undefined;
}

async function run(path: string, options: Options, signal: AbortSignal): Promise<void> {
  const model = await openModel(path, openOptions(options));
  const { validationShare, seed } = options;
  const { graph, preprocessing, images, labels } = await begin(model, options, signal);
  requireSameClasses(model, images);
  const source = required(options.data, "--data", "photos/");
  const { split: _, ...evaluation } = options;
  const split = validationShare > 0 ? "val" : "evaluation";
  const validation = await openImagesFor(preprocessing, source, split, evaluation, signal, { validationShare });
  const progress = trainingProgress(options.quiet ?? false);
  const result = await trainQuantized({
    ...trainingOptions(options),
    graph,
    images,
    validation,
    mean: preprocessing.mean,
    std: preprocessing.std,
    seed,
    signal,
    onProgress: progress.update,
  }).finally(progress.stop);
  const accuracy = result.history.find(({ epoch }) => epoch === result.best.epoch)?.validationAccuracy;
  const program = lower(result.best.graph, {
    preprocessing,
    ...(labels === undefined ? {} : { labels }),
    provenance: {
      command: "qat",
      method: "straight-through",
      seed,
      source: path,
      sourceHash: model.sha256,
      epochs: options.epochs,
    },
  });
  const bytes = writeSbq(program);
  const out = join(options.out, "best.sbq");
  await writeFileAtomic(out, bytes);
  await deliver(
    options,
    { model: path, out, bytes: bytes.length, seed, best: result.best.epoch, history: result.history },
    `${out}: ${byteSize(bytes.length)}, simulated ${validation.split} accuracy ${percent(accuracy ?? 0)} in epoch ${result.best.epoch}\n` +
      `subbyte evaluate ${out} --data ${source}`,
  );
}

async function begin(model: OpenedModel, options: Options, signal: AbortSignal): Promise<Start> {
  const { validationShare, randomResizedCrop } = options;
  const opening = { validationShare, ...(randomResizedCrop ? { headroom: CROP_HEADROOM } : {}) };
  if (model.kind === "float") {
    const { quantized: graph, ...rest } = await quantizeOpened(model, options, signal, { opening });
    return { graph, ...rest };
  }
  const preprocessing = preprocessingOf(model, options);
  const source = required(options.data, "--data", "photos/");
  const images = await openImagesFor(preprocessing, source, "train", options, signal, opening);
  return { graph: lift(model.program), preprocessing, images, labels: model.program.labels ?? images.classes };
}
