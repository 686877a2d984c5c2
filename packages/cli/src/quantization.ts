/** @file From a float model and the options to a quantized graph: what `quantize` writes and `qat` begins with. */

import type { Preprocessing } from "@subbyte/engine";
import { type Graph, simplifyForImport } from "@subbyte/graph";
import {
  type BitPolicy,
  type Closeness,
  chooseWidths,
  type FloatModel,
  type ImageSet,
  insertFakeQuant,
  lower,
  type MixedPrecision,
  type OpenOptions,
  quantize,
  quantizeGraph,
  synthesizeImages,
} from "@subbyte/toolkit";
import { bitPolicy } from "./bit-policy.js";
import { classesOf, openImagesFor, preprocessingOf, tell } from "./images.js";
import { widthBudget } from "./mixed-precision.js";
import { required } from "./options.js";
import { startProgress } from "./progress.js";
import { type QuantizationOptions, quantizationOptions } from "./quantization-options.js";
import { quantizationProgress } from "./quantization-progress.js";

/** A network with calibrated FakeQuant nodes, and what it was made with. */
export interface QuantizedOpened {
  readonly quantized: Graph;
  readonly preprocessing: Preprocessing;
  readonly images: ImageSet;
  /** Names of the network's classes, where the images or the model have them. */
  readonly labels: readonly string[] | undefined;
  /** Where the result was guarded. */
  readonly closeness?: Closeness;
  readonly log: readonly string[];
  /** Where a budget was given. */
  readonly mixed: MixedPrecision | undefined;
}

export interface Opening {
  /** Refuses a collapsed network, and lets `auto` try more than its first step. */
  readonly guard?: boolean;
  readonly opening?: Pick<OpenOptions, "headroom" | "limit" | "validationShare">;
}

/** Images opened for each that ranges are measured on, so that the seed has a choice; the rest need no decoding. */
const CHOICE = 4;

export async function quantizeOpened(
  model: FloatModel,
  options: QuantizationOptions,
  signal: AbortSignal,
  { guard = false, opening = { limit: limitOf(options) } }: Opening = {},
): Promise<QuantizedOpened> {
  const { calibrationImages, quiet = false } = options;
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
  const labels = labelsOf(model, images);
  if (labels === undefined && source !== NO_DATA && !quiet)
    tell([
      `${model.path} has ${classesOf(model)} classes, "${images.name}" ${images.classes.length}: its images serve to measure ranges, the .sbq gets no class names`,
    ]);
  const progress = quantizationProgress(Math.min(calibrationImages, images.length), quiet);
  try {
    const common = { ...quantizationOptions(options), mean: preprocessing.mean, std: preprocessing.std, signal };
    const budget = widthBudget(options);
    const mixed =
      budget && (await chooseWidths(graph, images, { ...common, policy, budget, onProgress: progress.onWidths }));
    const settings = {
      ...common,
      policy: mixed ? withLayers(policy, mixed) : policy,
      onProgress: progress.onImages,
      onReconstruction: progress.onReconstruction,
      onNote: (text: string) => {
        if (!quiet) tell([text]);
      },
    };
    const made = { preprocessing, images, labels, mixed };
    if (!guard) return { ...made, quantized: await quantizeGraph(graph, images, settings), log: [] };
    const { graph: quantized, closeness, log } = await quantize(graph, images, settings);
    return { ...made, quantized, closeness, log };
  } finally {
    progress.stop();
  }
}

const limitOf = ({ limit = Number.POSITIVE_INFINITY, calibrationImages }: QuantizationOptions): number =>
  Math.min(limit, CHOICE * calibrationImages);

const labelsOf = (model: FloatModel, images: ImageSet): readonly string[] | undefined =>
  model.description?.labels ?? (images.classes.length === classesOf(model) ? images.classes : undefined);

const withLayers = (policy: BitPolicy, { layers }: MixedPrecision): BitPolicy => ({
  ...policy,
  layers: [...(policy.layers ?? []), ...layers],
});

/** What `--data` says where there are no images to show. */
const NO_DATA = "none";

/** Images made from what the network's batch normalization remembers. */
async function syntheticImages(
  model: FloatModel,
  { mean, std }: Pick<Preprocessing, "mean" | "std">,
  options: QuantizationOptions,
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
