/** @file `subbyte quantize`: post-training quantization of a float network to a `.sbq` file. */

import { type Preprocessing, writeSbq } from "@subbyte/engine";
import { type Graph, simplifyForImport } from "@subbyte/graph";
import {
  AUTO,
  type BitPolicy,
  type Closeness,
  calibrationImagesDefault,
  checkBits,
  chooseWidths,
  type GuardedOptions,
  type ImageSet,
  insertFakeQuant,
  lower,
  maxDropDefault,
  methodByName,
  methods,
  type OpenedModel,
  type OpenOptions,
  openModel,
  quantize,
  quantizeGraph,
  synthesizeImages,
  UsageError,
  writeFileAtomic,
} from "@subbyte/toolkit";
import { Command } from "commander";
import { readYaml } from "../config.js";
import { classesOf, openImagesFor, preprocessingOf, tell } from "../images.js";
import { type BudgetOptions, mixedText, widthBudget, withBudgetOptions } from "../mixed-precision.js";
import {
  type CommonOptions,
  type DataOptions,
  decimal,
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
import { byteSize } from "../output.js";
import { startProgress } from "../progress.js";
import { deliver } from "../results.js";

export type QuantizeCommandOptions = CommonOptions &
  BudgetOptions &
  DataOptions &
  ModelFileOptions &
  RunOptions &
  WidthOptions & {
    readonly method: string;
    readonly calibrationImages: number;
    readonly iterations?: number;
    readonly endToEnd?: number;
    readonly mirror: boolean;
    readonly percentile?: number;
    readonly checkpoint?: string;
    readonly equalize?: boolean;
    readonly biasCorrection?: boolean;
    readonly maxDrop?: number;
    readonly force?: boolean;
    readonly out?: string;
  };

export function withQuantizeOptions(command: Command): Command {
  return withWidthOptions(command)
    .option("--method <name>", `${AUTO} (the cheapest that suffices), or ${Object.keys(methods).join(", ")}`, AUTO)
    .option(
      "--calibration-images <n>",
      "training images that ranges are measured on",
      integer(),
      calibrationImagesDefault,
    )
    .option("--percentile <percent>", "values within a range, for --method percentile", decimal(0))
    .option("--equalize", "cross-layer equalization first: channels of neighbouring layers share their ranges")
    .option("--bias-correction", "takes the mean errors of rounded weights off the biases")
    .option("--iterations <n>", "steps for each block, for methods that learn", integer())
    .option("--end-to-end <n>", "steps for the whole network after its blocks, for --method reconstruct", integer(0))
    .option("--no-mirror", "does not learn from mirror images of the calibration images: for digits and text")
    .option("--checkpoint <file>", "methods that learn keep their state here, and go on from it");
}

export function quantizeCommand(signal: AbortSignal): Command {
  const command = new Command("quantize")
    .description(
      "Turns a float network (.onnx, checkpoint) into an integer network (.sbq) with the help of unlabelled images.",
    )
    .argument("<model>", "model file, recognised by its content")
    .option(
      "--max-drop <points>",
      "accuracy that --method auto may lose before it spends more",
      decimal(0),
      maxDropDefault,
    )
    .option("--force", "writes the file even where the network collapsed")
    .option("--out <file>", "where the .sbq goes; by default the model's name and widths, in this folder")
    .action((path: string, options: QuantizeCommandOptions) => run(path, options, signal));
  withBudgetOptions(withQuantizeOptions(command));
  return withRunOptions(withModelOptions(withDataOptions(command))).addHelpText(
    "after",
    `
Examples:
  subbyte quantize model.onnx --data photos/ --weights 4 --activations 4
  subbyte quantize resnet20.th --arch resnet20 --data cifar10.tgz --weights 8 --activations 8 --out resnet20-w8a8.sbq
  subbyte quantize model.onnx --data photos/ --weights 4 --activations 4 --policy widths.yaml
  subbyte quantize model.onnx --data photos/ --weights 3 --activations 4 --method reconstruct --checkpoint learned.state
  subbyte quantize model.onnx --data photos/ --avg-bits 4
  subbyte quantize model.onnx --data photos/ --max-time 12
  subbyte quantize resnet20.th --arch resnet20 --data none --weights 4 --activations 4`,
  );
}

async function run(path: string, options: QuantizeCommandOptions, signal: AbortSignal): Promise<void> {
  const policy = bitPolicy(options);
  if (options.method !== AUTO) methodByName(options.method);
  const model = await openModel(path, openOptions(options));
  if (model.kind !== "float")
    throw new UsageError(`${path} is quantized already; give the float network it was made from.`);
  const { quantized, preprocessing, labels, closeness, log, mixed } = await quantizeOpened(model, options, signal, {
    guard: true,
  });
  const { weights, activations } = policy;
  const { method, seed } = options;
  const program = lower(quantized, {
    preprocessing,
    ...(labels === undefined ? {} : { labels }),
    provenance: { command: "quantize", method, seed, source: path, sourceHash: model.sha256 },
  });
  const bytes = writeSbq(program);
  const out = options.out ?? `${model.name}-w${weights}a${activations}.sbq`;
  await writeFileAtomic(out, bytes);
  const size = `${out}: ${byteSize(bytes.length)}, ${byteSize(model.bytes.length)} before`;
  const result = { model: path, out, bytes: bytes.length, weights, activations, method, seed, closeness, log };
  if (!mixed) return deliver(options, result, `${size}, weights ${weights} bits, activations ${activations} bits`);
  const policyFile = `${out.replace(/\.sbq$/, "")}-policy.json`;
  await writeFileAtomic(policyFile, `${JSON.stringify(mixed.layers, null, 2)}\n`);
  if (options.maxSize !== undefined && bytes.length > options.maxSize)
    tell([`the file is larger than --max-size by ${byteSize(bytes.length - options.maxSize)}; ask for so much less`]);
  await deliver(
    options,
    { ...result, policyFile, mixed },
    `${mixedText(mixed)}\n\n${size}\nwidths in ${policyFile}, for --policy`,
  );
}

/** Images opened for each that ranges are measured on, so that the seed has a choice; the rest need no decoding. */
const CHOICE = 4;

/** The float network with calibrated FakeQuant nodes; `qat` begins with it too. */
export async function quantizeOpened(
  model: Extract<OpenedModel, { kind: "float" }>,
  options: QuantizeCommandOptions,
  signal: AbortSignal,
  {
    guard = false,
    opening = { limit: Math.min(options.limit ?? Number.POSITIVE_INFINITY, CHOICE * options.calibrationImages) },
  }: {
    /** Refuses a collapsed network, and lets `auto` try more than its first step. */
    readonly guard?: boolean;
    readonly opening?: Pick<OpenOptions, "headroom" | "limit" | "validationShare">;
  } = {},
) {
  const { method, seed, calibrationImages } = options;
  const preprocessing = preprocessingOf(model, options);
  const policy = bitPolicy(options);
  const source = required(options.data, "--data", "photos/");
  const graph = simplifyForImport(model.graph);
  // All scales are 1 yet: what the engine cannot run is refused here, before images are read and minutes are spent on them.
  lower(insertFakeQuant(graph, policy), { preprocessing });
  const images =
    source === NO_DATA
      ? await syntheticImages(model, preprocessing, options, signal)
      : await openImagesFor(preprocessing, source, "train", options, signal, opening);
  const labels = model.description?.labels ?? (images.classes.length === classesOf(model) ? images.classes : undefined);
  if (labels === undefined && source !== NO_DATA && !options.quiet)
    tell([
      `${model.path} has ${classesOf(model)} classes, "${images.name}" ${images.classes.length}: its images serve to measure ranges, the .sbq gets no class names`,
    ]);
  const quiet = options.quiet ?? false;
  let progress = startProgress("calibrating", Math.min(calibrationImages, images.length), {
    quiet,
  });
  let learning = false;
  try {
    const budget = widthBudget(options);
    const mixed =
      budget === undefined
        ? undefined
        : await chooseWidths(graph, images, {
            policy,
            budget,
            seed,
            mean: preprocessing.mean,
            std: preprocessing.std,
            signal,
            ...(options.threads === undefined ? {} : { threads: options.threads }),
            onProgress: (done, of) => progress.update(done, "widths of layers", of),
          });
    const settings = {
      policy: mixed ? { ...policy, layers: [...(policy.layers ?? []), ...mixed.layers] } : policy,
      method,
      seed,
      mean: preprocessing.mean,
      std: preprocessing.std,
      calibrationImages,
      signal,
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      ...(options.percentile === undefined ? {} : { percentile: options.percentile }),
      reconstruction: {
        mirror: options.mirror,
        ...(options.iterations === undefined ? {} : { iterations: options.iterations }),
        ...(options.endToEnd === undefined ? {} : { endToEnd: options.endToEnd }),
      },
      ...(options.checkpoint === undefined ? {} : { checkpoint: { path: options.checkpoint, resume: true } }),
      ...(options.equalize ? { equalize: true } : {}),
      ...(options.biasCorrection ? { biasCorrection: true } : {}),
      ...(options.maxDrop === undefined ? {} : { maxDrop: options.maxDrop }),
      ...(options.force ? { force: true } : {}),
      onNote: (text) => {
        if (!quiet) tell([text]);
      },
      onProgress: (done) => progress.update(done),
      onReconstruction: ({ unit, share, loss, secondsLeft }) => {
        if (!learning) {
          learning = true;
          progress.stop();
          progress = startProgress("learning", 1, { quiet, ownEstimate: true });
        }
        progress.update(share, `${unit} · loss ${loss.toPrecision(3)} · ${Math.ceil(secondsLeft)} s left`);
      },
    } satisfies GuardedOptions;
    let closeness: Closeness | undefined;
    let log: readonly string[] = [];
    let quantized: Graph;
    if (guard) ({ graph: quantized, closeness, log } = await quantize(graph, images, settings));
    else quantized = await quantizeGraph(graph, images, settings);
    return { quantized, preprocessing, images, labels, closeness, log, mixed };
  } finally {
    progress.stop();
  }
}

/** What `--data` says where there are no images to show. */
const NO_DATA = "none";

/** Images made from what the network's batch normalization remembers. */
async function syntheticImages(
  model: Extract<OpenedModel, { kind: "float" }>,
  { mean, std }: Pick<Preprocessing, "mean" | "std">,
  options: QuantizeCommandOptions,
  signal: AbortSignal,
): Promise<ImageSet> {
  const quiet = options.quiet ?? false;
  const progress = startProgress("making images", 0, { quiet });
  try {
    const { images, firstLoss, lastLoss } = await synthesizeImages(model.graph, {
      seed: options.seed,
      mean,
      std,
      signal,
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      onProgress: (done, of, loss) => progress.update(done, `loss ${loss.toPrecision(3)}`, of),
    });
    const text = `${images.length} images from batch-norm statistics: relative error ${firstLoss.toPrecision(3)} of noise, ${lastLoss.toPrecision(3)} at the end`;
    if (!quiet) tell([text]);
    return images;
  } finally {
    progress.stop();
  }
}

/** Refuses wrong widths, which is cheap, before any image is read. */
function bitPolicy(options: WidthOptions): BitPolicy {
  const { weights, activations, firstLastBits, residualBits, policy, reduceRange } = options;
  for (const [name, width] of Object.entries({
    weights,
    activations,
    "first-last-bits": firstLastBits,
    "residual-bits": residualBits,
  }))
    checkBits(width, `--${name}`);
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
  const value = readYaml("--policy", path);
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
