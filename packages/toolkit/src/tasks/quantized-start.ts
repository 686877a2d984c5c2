/** @file Makes a quantized graph from a float model and the options. `quantize` writes it, and `qat` begins with it. */

import type { Preprocessing } from "@subbyte/engine";
import { type Graph, simplifyForImport } from "@subbyte/graph";
import type { ImageSet, OpenOptions } from "../data/index.js";
import { defined } from "../defined.js";
import { lower } from "../lowering/lower.js";
import type { FloatModel } from "../model-file/index.js";
import type { TaskOptions } from "../options/index.js";
import type { GuardedOptions, QuantizeOptions } from "../quantization/apply-method.js";
import { CHECK_IMAGES, type Check } from "../quantization/check.js";
import { insertFakeQuant } from "../quantization/insert.js";
import { type BitWidthBudget, chooseBitWidths } from "../quantization/mixed-precision/choose-bit-widths.js";
import type { MixedPrecision } from "../quantization/mixed-precision/mixed-precision.js";
import { type BitPolicy, keptDepthwise } from "../quantization/policy.js";
import { quantize, quantizeGraph } from "../quantization/quantize.js";
import { synthesizeImages } from "../quantization/synthesis.js";
import { runtimeOptions } from "../runtime/runtime-options.js";
import { withLayers } from "./bit-policy.js";
import { labelsOf, type MatchedImages, requireClasses, takeClasses } from "./classes.js";
import { warnOfWrongReading } from "./diagnosis.js";
import { openImagesFor } from "./images.js";
import { type Preparation, prepareImages } from "./preprocessing.js";
import { reconstructionOf } from "./reconstruction.js";
import type { Run } from "./run.js";

/** A network with calibrated FakeQuant nodes, and its settings. */
export interface QuantizedStart {
  readonly quantized: Graph;
  readonly preparation: Preparation;
  readonly images: ImageSet;
  /** Names of the network's classes, if the images or the model have them. */
  readonly labels: readonly string[] | undefined;
  /** The bit widths that a budget gave; undefined without a budget. */
  readonly mixed: MixedPrecision | undefined;
}

/** A start whose result has been checked. */
export interface GuardedStart extends QuantizedStart {
  /** The float network's answers to images that were not used for calibration. */
  readonly check: Check;
  readonly log: readonly string[];
}

type Options = TaskOptions<"qat"> | TaskOptions<"quantize">;

export interface Opening {
  readonly policy: BitPolicy;
  readonly budget?: BitWidthBudget | undefined;
  readonly opening?: Pick<OpenOptions, "headroom" | "limit" | "validationShare">;
}

/**
 * Number of images that are opened per calibration image, so that the seed has a choice; at most as many as the check needs in
 * addition.
 */
const CHOICE = 4;

/** The value of the option `data` for no images. */
export const NO_DATA = "none";

/** A float network, opened together with its calibration images. */
export interface FloatStart extends Omit<QuantizedStart, "quantized" | "mixed"> {
  /** The simplified float graph. */
  readonly graph: Graph;
  /** Settings of quantization, without bit widths and images. */
  readonly settings: Omit<QuantizeOptions, "policy">;
}

export interface FloatOpening extends Pick<Opening, "opening"> {
  /** Bit widths of the network: networks that the engine cannot run are refused before images are read. */
  readonly policies: readonly BitPolicy[];
  /** Whether images without the model's classes suffice. */
  readonly calibratesOnly?: boolean;
}

export async function floatStart(
  model: FloatModel,
  options: Options,
  run: Run,
  { policies, calibratesOnly = false, opening = { limit: limitOf(options) } }: FloatOpening,
): Promise<FloatStart> {
  const preparation = prepareImages(model, options, run);
  const { preprocessing } = preparation;
  const graph = simplifyForImport(model.graph);
  // All scales are still 1. A network that the engine cannot run is refused here, before images are read and minutes are spent
  // on them.
  for (const policy of policies) {
    lower(insertFakeQuant(graph, policy), { preprocessing });
    const kept = keptDepthwise(graph, policy);
    if (kept)
      run.note(
        `${kept.layers} depthwise convolutions have ${kept.bits} bits: they have few weights, and fewer bits would cost them the most accuracy; \`depthwiseBits\` changes that`,
      );
  }
  const { images, labels } = await imagesAndLabels(model, preparation, options, run, opening, calibratesOnly);
  const { mean, std } = preprocessing;
  return {
    graph,
    preparation,
    images,
    labels,
    settings: { ...methodOptionsOf(options), mean, std, signal: run.signal },
  };
}

export async function quantizedStart(
  model: FloatModel,
  options: Options,
  run: Run,
  opening: Opening,
): Promise<QuantizedStart> {
  const { graph, settings, ...start } = await startWithBitWidths(model, options, run, opening, false);
  return { ...start, quantized: await quantizeGraph(graph, start.images, settings) };
}

/** Makes a start with a check of the result: refuses a collapsed network, and lets `auto` try more than its first step. */
export async function guardedStart(
  model: FloatModel,
  options: Options,
  run: Run,
  { guard, ...opening }: Opening & { readonly guard: Pick<GuardedOptions, "maxDrop" | "force"> },
): Promise<GuardedStart> {
  const { graph, settings, ...start } = await startWithBitWidths(model, options, run, opening, true);
  const { graph: quantized, check, log } = await quantize(graph, start.images, { ...settings, ...guard });
  return { ...start, quantized, check, log };
}

/** @param calibratesOnly whether images without the model's classes suffice */
async function startWithBitWidths(
  model: FloatModel,
  options: Options,
  run: Run,
  { policy, budget, opening }: Opening,
  calibratesOnly: boolean,
): Promise<FloatStart & Pick<QuantizedStart, "mixed"> & { readonly settings: GuardedOptions }> {
  const {
    graph,
    settings: common,
    ...start
  } = await floatStart(model, options, run, {
    policies: [policy],
    calibratesOnly,
    ...defined({ opening }),
  });
  const { preparation, images } = start;
  const mixed = budget && (await bitWidthsWithin(budget, graph, images, { ...common, policy }, run));
  const settings: GuardedOptions = {
    ...common,
    async onFloat(answers) {
      await warnOfWrongReading(model, preparation, images, answers, options, run);
      run.phase("calibrating");
    },
    policy: mixed ? withLayers(policy, mixed) : policy,
    ...calibrationEvents(run, Math.min(options.calibrationImages, images.length)),
  };
  run.phase("calibrating");
  return { ...start, graph, settings, mixed };
}

/** The options that decide the result, apart from bit widths and images. */
const methodOptionsOf = (options: Options) => ({
  method: options.method,
  seed: options.seed,
  calibrationImages: options.calibrationImages,
  percentile: options.percentile,
  equalize: options.equalize,
  biasCorrection: options.biasCorrection,
  reconstruction: reconstructionOf(options),
  ...runtimeOptions(options),
  ...defined({ maxMinutes: options.maxMinutes }),
  ...(options.checkpoint === undefined ? {} : { checkpoint: { path: options.checkpoint, resume: true } }),
});

function bitWidthsWithin(
  budget: BitWidthBudget,
  graph: Graph,
  images: ImageSet,
  options: Omit<Parameters<typeof chooseBitWidths>[2], "budget">,
  run: Run,
): Promise<MixedPrecision> {
  run.phase("choosing bit widths");
  return chooseBitWidths(graph, images, {
    ...options,
    budget,
    onProgress: (done, of) => run.progress(done, of, { unit: "measurements" }),
  });
}

/**
 * The phases of calibration: ranges are measured on `images`; then, if the method learns, units of the network are learned.
 * `auto` alternates between them.
 */
export function calibrationEvents(
  run: Run,
  images: number,
): Pick<GuardedOptions, "onProgress" | "onReconstruction" | "onNote"> {
  let phase: "calibrating" | "learning" = "calibrating";
  const enter = (next: typeof phase) => {
    if (next !== phase) run.phase(next);
    phase = next;
  };
  return {
    onProgress: (done) => {
      enter("calibrating");
      run.progress(done, images, { unit: "images" });
    },
    onReconstruction: ({ unit, iteration, iterations, share, loss, secondsLeft }) => {
      enter("learning");
      run.progress(share, 1, { detail: `${unit}, step ${iteration}/${iterations}`, secondsLeft, figures: { loss } });
    },
    onNote: (text) => run.note(text),
  };
}

const limitOf = ({ limit = Number.POSITIVE_INFINITY, calibrationImages }: Options): number =>
  Math.min(limit, Math.max(CHOICE * calibrationImages, calibrationImages + CHECK_IMAGES));

/**
 * @param calibratesOnly whether images without the model's classes suffice
 * @returns also the names of the model's classes, if the model or the images have them
 */
async function imagesAndLabels(
  model: FloatModel,
  preparation: Preparation,
  options: Options,
  run: Run,
  opening: NonNullable<Opening["opening"]>,
  calibratesOnly: boolean,
): Promise<MatchedImages> {
  if (options.data === NO_DATA)
    return { images: await syntheticImages(model, preparation.preprocessing, options, run), labels: labelsOf(model) };
  const opened = await openImagesFor(preparation, "train", options, run, {
    ...opening,
    labels: calibratesOnly ? "optional" : "required",
  });
  return calibratesOnly
    ? takeClasses(model, opened, options, run)
    : requireClasses(model, opened, options, run, { every: true });
}

/** Images made from the statistics in the network's batch normalization. */
async function syntheticImages(
  model: FloatModel,
  { mean, std }: Pick<Preprocessing, "mean" | "std">,
  options: Options,
  run: Run,
): Promise<ImageSet> {
  run.phase("making images");
  const { images, firstLoss, lastLoss } = await synthesizeImages(model.graph, {
    seed: options.seed,
    mean,
    std,
    signal: run.signal,
    ...runtimeOptions(options),
    onProgress: (done, of, loss) => run.progress(done, of, { unit: "steps", figures: { loss } }),
  });
  run.note(
    `${images.length} images from batch-norm statistics: relative error ${firstLoss.toPrecision(3)} at the start, ${lastLoss.toPrecision(3)} at the end`,
  );
  return images;
}
