/** @file `subbyte train`: trains a built-in architecture on images. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  applyWeights,
  architectures,
  buildModel,
  describeModel,
  findArchitecture,
  loadWeights,
  train,
  UsageError,
} from "@subbyte/toolkit";
import { Command } from "commander";
import { CROP_HEADROOM, normalizationOf, openWithProgress } from "../images.js";
import {
  type CommonOptions,
  type DataOptions,
  type ModelFileOptions,
  type RunOptions,
  required,
  withDataOptions,
  withModelOptions,
  withRunOptions,
} from "../options.js";
import { percent } from "../output.js";
import { deliver } from "../results.js";
import { type TrainingOptions, trainingOptions, withTrainingOptions } from "../training-options.js";
import { trainingProgress } from "../training-progress.js";

type Options = CommonOptions &
  DataOptions &
  ModelFileOptions &
  RunOptions &
  TrainingOptions & { readonly from?: string };

export function trainCommand(signal: AbortSignal): Command {
  const command = new Command("train")
    .description(`Trains a float network: ${architectures.map(({ name }) => name).join(", ")}.`)
    .option("--from <file>", "begin with these weights; a head of another size is new")
    .action((options: Options) => run(options, signal));
  return withTrainingOptions(withRunOptions(withModelOptions(withDataOptions(command))), {
    epochs: 30,
    lr: 0.05,
    schedule: "one-cycle",
    optimizer: "sgd",
    out: "runs/train",
  }).addHelpText(
    "after",
    `
Examples:
  subbyte train --arch resnet20 --data cifar10.tgz --epochs 30 --crop-padding 4 --flip --out runs/resnet20
  subbyte train --arch resnet18 --data photos/ --size 128 --from resnet18.pth --lr 0.01 --epochs 5
  subbyte train --arch resnet20 --data cifar10.tgz --epochs 30 --out runs/resnet20 --resume`,
  );
}

async function run(options: Options, signal: AbortSignal): Promise<void> {
  const architecture = findArchitecture(required(options.arch, "--arch", "resnet20"));
  const source = required(options.data, "--data", "cifar10.tgz");
  const { size: given, resizeTo = given, validationShare, seed } = options;
  if (resizeTo !== undefined && given === undefined)
    throw new UsageError(
      "option-conflict",
      { options: ["resizeTo", "size"] },
      `--resize-to ${resizeTo} needs --size, the part of the resized image that the network takes.`,
    );
  const pixels = given === undefined || resizeTo === undefined ? {} : { size: given, resizeTo };
  const images = await openWithProgress(source, options, signal, {
    split: "train",
    validationShare,
    ...pixels,
    ...(options.randomResizedCrop ? { headroom: CROP_HEADROOM } : {}),
  });
  const { split: _, ...evaluation } = options;
  const validation = await openWithProgress(source, evaluation, signal, {
    split: validationShare > 0 ? "val" : "evaluation",
    validationShare,
    ...pixels,
  });

  const { channels, height: size, classes: labels } = images;
  const { mean, std } = normalizationOf(channels, options);
  if (options.classes !== undefined && options.classes !== labels.length)
    throw new UsageError(
      "option-mismatch",
      { option: "classes", value: options.classes, found: labels.length },
      `--classes ${options.classes}: "${images.name}" has ${labels.length} classes; leave the option out.`,
    );
  const stem = options.stem ?? architecture.stems[0]!;
  const initial = buildModel(architecture, { classes: labels.length, size, channels, stem, seed });
  const graph = options.from === undefined ? initial : await withWeights(initial, options.from);
  const progress = trainingProgress(options.quiet ?? false);
  const begun = performance.now();
  try {
    const result = await train({
      ...trainingOptions(options),
      graph,
      images,
      validation,
      mean,
      std,
      seed,
      signal,
      metadata: describeModel({
        architecture: architecture.name,
        classes: labels.length,
        channels,
        size,
        stem,
        mean,
        std,
        labels,
        ...(resizeTo === undefined ? {} : { resizeTo }),
      }),
      onProgress: progress.update,
    });
    progress.stop();
    const last = result.history.at(-1)!;
    const best = join(options.out, "best.safetensors");
    await deliver(
      options,
      {
        arch: architecture.name,
        data: source,
        out: options.out,
        seed,
        best: result.best.epoch,
        history: result.history,
        seconds: (performance.now() - begun) / 1000,
      },
      `epoch ${last.epoch}: loss ${last.trainLoss.toFixed(4)}, ${validation.split} accuracy ${percent(last.validationAccuracy ?? 0)}; best in epoch ${result.best.epoch}\n` +
        `${best}: subbyte quantize ${best} --data ${source} --weights 4 --activations 4`,
    );
  } finally {
    progress.stop();
  }
}

async function withWeights(graph: ReturnType<typeof buildModel>, path: string) {
  const weights = await loadWeights(new Uint8Array(readFileSync(path)), path);
  return applyWeights(graph, weights.tensors, { head: "reinitialize", source: path }).graph;
}
