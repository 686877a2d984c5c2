/** @file `subbyte quantize`: post-training quantization of a float network to a `.sbq` file. */

import { readFileSync } from "node:fs";
import { writeSbq } from "@subbyte/engine";
import { simplifyForImport } from "@subbyte/graph";
import {
  type BitPolicy,
  calibrationImagesDefault,
  lower,
  methods,
  type OpenedModel,
  openModel,
  quantizeGraph,
  UsageError,
  writeFileAtomic,
} from "@subbyte/toolkit";
import { Command } from "commander";
import { parse } from "yaml";
import { openImagesFor, preprocessingOf } from "../images.js";
import {
  type CommonOptions,
  type DataOptions,
  integer,
  type ModelFileOptions,
  openOptions,
  type RunOptions,
  required,
  type WidthOptions,
  withDataOptions,
  withModelOptions,
  withRunOptions,
  withWidthOptions,
} from "../options.js";
import { byteSize, print, printJson } from "../output.js";
import { startProgress } from "../progress.js";

export type QuantizeCommandOptions = CommonOptions &
  DataOptions &
  ModelFileOptions &
  RunOptions &
  WidthOptions & { readonly method: string; readonly calibrationImages: number; readonly out?: string };

export function withQuantizeOptions(command: Command): Command {
  return withWidthOptions(command)
    .option("--method <name>", `how ranges are chosen: ${Object.keys(methods).join(", ")}`, "mse")
    .option(
      "--calibration-images <n>",
      "training images that ranges are measured on",
      integer(),
      calibrationImagesDefault,
    );
}

export function quantizeCommand(signal: AbortSignal): Command {
  const command = new Command("quantize")
    .description(
      "Turns a float network (.onnx, checkpoint) into an integer network (.sbq) with the help of unlabelled images.",
    )
    .argument("<model>", "model file, recognised by its content")
    .option("--out <file>", "where the .sbq goes; beside the model by default")
    .action((path: string, options: QuantizeCommandOptions) => run(path, options, signal));
  return withRunOptions(withModelOptions(withDataOptions(withQuantizeOptions(command)))).addHelpText(
    "after",
    `
Examples:
  subbyte quantize model.onnx --data photos/ --weights 4 --activations 4
  subbyte quantize resnet20.th --arch resnet20 --data cifar10.tgz --weights 8 --activations 8 --out resnet20-w8a8.sbq
  subbyte quantize model.onnx --data photos/ --weights 4 --activations 4 --policy widths.yaml`,
  );
}

async function run(path: string, options: QuantizeCommandOptions, signal: AbortSignal): Promise<void> {
  const model = await openModel(path, openOptions(options));
  if (model.kind !== "float")
    throw new UsageError(`${path} is quantized already; give the float network it was made from.`);
  const { quantized, preprocessing, labels } = await quantizeOpened(model, options, signal);
  const { weights, activations, method, seed } = options;
  const program = lower(quantized, {
    preprocessing,
    labels,
    provenance: { command: "quantize", method, seed, source: path, sourceHash: model.sha256 },
  });
  const bytes = writeSbq(program);
  const out = options.out ?? `${model.name}-w${weights}a${activations}.sbq`;
  await writeFileAtomic(out, bytes);
  if (options.json) printJson({ model: path, out, bytes: bytes.length, weights, activations, method, seed });
  else
    print(
      `${out}: ${byteSize(bytes.length)}, weights ${weights} bits, activations ${activations} bits, ${byteSize(model.bytes.length)} before`,
    );
}

/** The float network with calibrated FakeQuant nodes; `qat` begins with it too. */
export async function quantizeOpened(
  model: Extract<OpenedModel, { kind: "float" }>,
  options: QuantizeCommandOptions,
  signal: AbortSignal,
) {
  const { method, seed, calibrationImages } = options;
  const preprocessing = preprocessingOf(model, options);
  const images = await openImagesFor(
    preprocessing,
    required(options.data, "--data", "photos/"),
    "train",
    options,
    signal,
  );
  const progress = startProgress("calibrating", 2 * Math.min(calibrationImages, images.length), {
    quiet: options.quiet ?? false,
  });
  try {
    const quantized = await quantizeGraph(simplifyForImport(model.graph), images, {
      policy: bitPolicy(options),
      method,
      seed,
      mean: preprocessing.mean,
      std: preprocessing.std,
      calibrationImages,
      signal,
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      onProgress: (done) => progress.update(done),
    });
    return { quantized, preprocessing, images, labels: model.description?.labels ?? images.classes };
  } finally {
    progress.stop();
  }
}

function bitPolicy(options: WidthOptions): BitPolicy {
  const { weights, activations, firstLastBits, residualBits, policy, reduceRange } = options;
  return {
    weights,
    activations,
    firstLastBits,
    residualBits,
    ...(reduceRange ? { reduceRange: true } : {}),
    ...(policy === undefined ? {} : { layers: readPolicy(policy) }),
  };
}

/** A list of `{ pattern, weights?, activations? }`. */
function readPolicy(path: string): NonNullable<BitPolicy["layers"]> {
  const value: unknown = parse(readFileSync(path, "utf8"));
  const valid =
    Array.isArray(value) &&
    value.every(
      (entry) =>
        typeof entry?.pattern === "string" &&
        Object.entries(entry).every(
          ([key, bits]) =>
            key === "pattern" || ((key === "weights" || key === "activations") && typeof bits === "number"),
        ),
    );
  if (!valid)
    throw new UsageError(
      `--policy ${path}: must be a list of entries with "pattern" and "weights" or "activations" in bits.`,
    );
  return value;
}
