/** @file `subbyte evaluate`: accuracy of a model on a data set. */

import type { TierName } from "@subbyte/engine";
import {
  type ClassifierResult,
  type Classify,
  codesClassifier,
  evaluateClassifier,
  floatClassifier,
  type ImageSet,
  integerClassifier,
  lift,
  type OpenedModel,
  openModel,
  simulatedClassifier,
  UsageError,
  writeFileAtomic,
} from "@subbyte/toolkit";
import { Command, Option } from "commander";
import { openImagesFor, preprocessingOf, requireSameClasses } from "../images.js";
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
import { percent, table } from "../output.js";
import { startProgress } from "../progress.js";
import { deliver } from "../results.js";

type Options = CommonOptions &
  DataOptions &
  ModelFileOptions &
  RunOptions & {
    readonly simulate?: "float" | "codes";
    readonly tier?: TierName | "auto";
    readonly disableQuantQdq?: boolean;
    readonly predictions?: string;
  };

export function evaluateCommand(signal: AbortSignal): Command {
  const command = new Command("evaluate")
    .description(
      "Measures accuracy of .onnx, .sbq or a checkpoint on the test images (validation images where there are none).",
    )
    .argument("<model>", "model file, recognised by its content")
    .addOption(
      new Option("--simulate <form>", "run a .sbq on ONNX Runtime instead of the engine").choices(["float", "codes"]),
    )
    .addOption(
      new Option(
        "--tier <tier>",
        "kernels that run a .sbq: the machine's fastest, or one of these; same logits",
      ).choices(["auto", "scalar", "simd", "relaxed"]),
    )
    .option("--disable-quant-qdq", "keep ONNX Runtime from fusing quantized ONNX into integer kernels")
    .option("--predictions <file>", "write the predicted class of every image as JSON")
    .action((path: string, options: Options) => run(path, options, signal));
  return withRunOptions(withModelOptions(withDataOptions(command))).addHelpText(
    "after",
    `
Examples:
  subbyte evaluate model.onnx --data cifar10.tgz --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225
  subbyte evaluate resnet20.th --arch resnet20 --data cifar10.tgz --json
  subbyte evaluate model.sbq --data photos/ --threads 2
  subbyte evaluate model.sbq --data photos/ --simulate codes --predictions simulated.json`,
  );
}

async function run(path: string, options: Options, signal: AbortSignal): Promise<void> {
  const model = await openModel(path, openOptions(options));
  const preprocessing = preprocessingOf(model, options);
  if (options.simulate !== undefined && model.kind === "float")
    throw new UsageError(
      "wrong-model-kind",
      { file: path, option: "simulate", expected: "quantized" },
      `--simulate ${options.simulate}: ${path} is a float network; only a .sbq can be simulated.`,
    );
  const source = required(options.data, "--data", "cifar10.tgz");
  const images = await openImagesFor(preprocessing, source, "evaluation", options, signal);
  requireSameClasses(model, images);
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
  if (options.predictions !== undefined)
    await writeFileAtomic(options.predictions, predictionsJson(result, model, images));
  await deliver(options, asJson(result, model, images), asText(result, images));
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
    return floatClassifier(model.executable, [channels, height, width], {
      mean,
      std,
      ...threads,
      ...(options.disableQuantQdq ? { disableQuantQdq: true } : {}),
    });
  if (options.simulate === "float") return simulatedClassifier(lift(model.program), { mean, std, ...threads });
  if (options.simulate === "codes") return codesClassifier(model.program, threads);
  return integerClassifier(model.bytes, {
    ...threads,
    ...(options.tier === undefined ? {} : { tier: options.tier }),
  });
}

function asJson(
  result: ClassifierResult,
  model: OpenedModel,
  { name: data, split, notes }: ImageSet,
): Record<string, unknown> {
  const { predictions: _, ...figures } = result;
  return { model: model.path, sha256: model.sha256, fileBytes: model.bytes.length, data, split, ...figures, notes };
}

/** Class indices in the order of the images, which is the same for every model at the same size. */
const predictionsJson = ({ predictions, classes }: ClassifierResult, model: OpenedModel, images: ImageSet): string =>
  `${JSON.stringify({ model: model.path, data: images.name, split: images.split, classes, predictions: [...predictions] })}\n`;

function asText(result: ClassifierResult, { name: data, split }: ImageSet): string {
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
