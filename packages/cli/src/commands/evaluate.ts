/** @file `subbyte evaluate`: accuracy of a model on a data set. */

import {
  type ClassifierResult,
  type Classify,
  codesClassifier,
  evaluateClassifier,
  floatClassifier,
  integerClassifier,
  lift,
  type OpenedModel,
  openModel,
  simulatedClassifier,
} from "@subbyte/toolkit";
import { Command, Option } from "commander";
import { openImagesFor, preprocessingOf } from "../images.js";
import {
  type CommonOptions,
  type DataOptions,
  type ModelFileOptions,
  openOptions,
  type RunOptions,
  required,
  withDataOptions,
  withModelOptions,
  withRunOptions,
} from "../options.js";
import { percent, print, printJson, table } from "../output.js";
import { startProgress } from "../progress.js";

type Options = CommonOptions &
  DataOptions &
  ModelFileOptions &
  RunOptions & { readonly simulate?: "float" | "codes"; readonly disableQuantQdq?: boolean };

export function evaluateCommand(signal: AbortSignal): Command {
  const command = new Command("evaluate")
    .description(
      "Measures accuracy of .onnx, .sbq or a checkpoint on the test images (validation images where there are none).",
    )
    .argument("<model>", "model file, recognised by its content")
    .addOption(
      new Option("--simulate <form>", "run a .sbq on ONNX Runtime instead of the engine").choices(["float", "codes"]),
    )
    .option("--disable-quant-qdq", "keep ONNX Runtime from fusing quantized ONNX into integer kernels")
    .action((path: string, options: Options) => run(path, options, signal));
  return withRunOptions(withModelOptions(withDataOptions(command))).addHelpText(
    "after",
    `
Examples:
  subbyte evaluate model.onnx --data cifar10.tgz --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225
  subbyte evaluate resnet20.th --arch resnet20 --data cifar10.tgz --json
  subbyte evaluate model.sbq --data photos/ --threads 2`,
  );
}

async function run(path: string, options: Options, signal: AbortSignal): Promise<void> {
  const model = await openModel(path, openOptions(options));
  const preprocessing = preprocessingOf(model, options);
  const source = required(options.data, "--data", "cifar10.tgz");
  const images = await openImagesFor(preprocessing, source, "evaluation", options, signal);
  const classifier = await classifierOf(model, preprocessing, options);
  const progress = startProgress("evaluating", images.length, { quiet: options.quiet ?? false });
  let result: ClassifierResult;
  try {
    result = await evaluateClassifier(classifier.classify, images, {
      signal,
      ...(options.batch === undefined ? {} : { batchSize: options.batch }),
      onProgress: ({ images: done, top1, imagesPerSecond }) =>
        progress.update(done, `top-1 ${percent(top1)} · ${imagesPerSecond.toFixed(0)} images/s`),
    });
  } finally {
    progress.stop();
    await classifier.close();
  }
  if (options.json) printJson(asJson(result, model, images.name, images.split, images.notes));
  else print(asText(result, images.name, images.split));
}

interface Classifier {
  readonly classify: Classify;
  close(): Promise<void>;
}

async function classifierOf(
  model: OpenedModel,
  { mean, std, channels, height, width }: ReturnType<typeof preprocessingOf>,
  options: Options,
): Promise<Classifier> {
  const threads = options.threads === undefined ? {} : { threads: options.threads };
  if (model.kind === "float")
    return floatClassifier(model.format === "onnx" ? model.bytes : model.graph, [channels, height, width], {
      mean,
      std,
      ...threads,
      ...(options.disableQuantQdq ? { disableQuantQdq: true } : {}),
    });
  if (options.simulate === "float") return simulatedClassifier(lift(model.program), { mean, std, ...threads });
  if (options.simulate === "codes") return codesClassifier(model.program, threads);
  return integerClassifier(model.bytes, options.threads);
}

function asJson(
  result: ClassifierResult,
  model: OpenedModel,
  data: string,
  split: string,
  notes: readonly string[],
): Record<string, unknown> {
  const { predictions: _, ...figures } = result;
  return { model: model.path, sha256: model.sha256, data, split, ...figures, notes };
}

function asText(result: ClassifierResult, data: string, split: string): string {
  const { images, top1, top5, topK, loss, imagesPerSecond, classes, confusion } = result;
  const lines = [
    `${images} ${split} images of ${data}`,
    `top-1 ${percent(top1)}   top-${topK} ${percent(top5)}   loss ${loss.toFixed(4)}   ${imagesPerSecond.toFixed(0)} images/s`,
  ];
  if (classes.length <= 20) {
    const header = ["label \\ predicted", ...classes.map((_, i) => String(i)), "right"];
    const rows = confusion.map((row, i) => {
      const total = row.reduce((sum, n) => sum + n, 0);
      return [`${i} ${classes[i]}`, ...row, total === 0 ? "–" : percent(row[i]! / total)];
    });
    lines.push("", table(header, rows));
  }
  return lines.join("\n");
}
