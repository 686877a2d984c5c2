/** @file `subbyte train`: trains a built-in architecture on images. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  applyWeights,
  architectures,
  buildModel,
  describeModel,
  findArchitecture,
  type ImageSet,
  loadWeights,
  openImages,
  train,
} from "@subbyte/toolkit";
import { Command } from "commander";
import { usualNormalization } from "../images.js";
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
import { percent, print, printJson } from "../output.js";
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
    lr: 0.1,
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
  const quiet = options.quiet ?? false;
  const open = (split: "train" | "evaluation"): Promise<ImageSet> =>
    openImages(source, {
      split,
      seed: options.seed,
      signal,
      ...(options.size === undefined ? {} : { size: options.size }),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      ...(options.skipBadImages ? { skipBadImages: true } : {}),
    });
  const images = await open("train");
  const validation = await open("evaluation");
  if (!quiet)
    for (const note of new Set([...images.notes, ...validation.notes])) process.stderr.write(`note: ${note}\n`);

  const { channels, height: size, classes: labels } = images;
  const { mean = usualNormalization[channels].mean, std = usualNormalization[channels].std, seed } = options;
  const stem = options.stem ?? architecture.stems[0]!;
  const initial = buildModel(architecture, { classes: labels.length, size, channels, stem, seed });
  const graph = options.from === undefined ? initial : await withWeights(initial, options.from);
  const progress = trainingProgress(quiet);
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
      }),
      onProgress: progress.update,
    });
    progress.stop();
    const last = result.history.at(-1)!;
    const best = join(options.out, "best.safetensors");
    if (options.json)
      printJson({
        arch: architecture.name,
        data: source,
        out: options.out,
        best: result.best.epoch,
        history: result.history,
        seconds: (performance.now() - begun) / 1000,
      });
    else
      print(
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
