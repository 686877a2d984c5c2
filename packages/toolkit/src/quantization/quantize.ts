/** @file Post-training quantization, from a float graph and images to a quantized graph. */

import type { Graph } from "@subbyte/graph";
import type { ImageSet } from "../data/types.js";
import { DataError, FailedRunError } from "../errors.js";
import { calibrationImagesDefault } from "../options/facts.js";
import { runtimeOptions } from "../runtime/runtime-options.js";
import { applyMethod, type GuardedOptions, type QuantizeOptions } from "./apply-method.js";
import { AUTO, autoQuantize } from "./auto.js";
import { calibrationSample, checkCalibration } from "./calibration.js";
import { Check, type Closeness, checkImages } from "./check.js";
import { methodByName } from "./methods.js";
import type { CalibrationInput } from "./ranges.js";
import { layerSensitivity } from "./sensitivity/index.js";

/** The result of quantization. */
export interface Quantization {
  /** The graph with calibrated FakeQuant nodes, ready for `lower`. */
  readonly graph: Graph;
  /** How close the simulated network is to the float one, on training images that were not used for calibration. */
  readonly closeness: Closeness;
  /** The float network's answers to those images, to compare other networks with. */
  readonly check: Check;
  /** Sentences that say what was done, and why. */
  readonly log: readonly string[];
}

/**
 * Quantizes a simplified float graph. Here, `auto` means its first step, ranges by squared error.
 *
 * @param images training images; labels are not used
 * @returns the graph with calibrated FakeQuant nodes, ready for `lower`
 * @throws {UsageError} for a wrong option
 * @throws {DataError} for unusable images
 * @throws {ModelError} if a layer cannot be quantized
 */
export async function quantizeGraph(graph: Graph, images: ImageSet, options: QuantizeOptions): Promise<Graph> {
  const method = options.method === AUTO ? "mse" : options.method;
  methodByName(method);
  const calibration = await calibrationFor(images, options);
  for (const warning of await checkCalibration(calibration)) options.onNote?.(warning);
  return applyMethod(graph, calibration, { ...options, method });
}

/**
 * Quantizes a simplified float graph like `quantizeGraph`, but runs the method `auto` in full and checks the result: a
 * network that kept less than half of the float accuracy is an error.
 *
 * @param images training images; labels are only used to compare networks
 * @throws {FailedRunError} if the network collapsed, unless `options.force` is set; the message names the three worst
 * layers and their causes
 */
export async function quantize(graph: Graph, images: ImageSet, options: GuardedOptions): Promise<Quantization> {
  const log: string[] = [];
  const say = (text: string) => {
    log.push(text);
    options.onNote?.(text);
  };
  if (options.method !== AUTO) methodByName(options.method);
  const calibration = await calibrationFor(images, options);
  for (const warning of await checkCalibration(calibration)) say(warning);
  const { seed, mean, std, calibrationImages = calibrationImagesDefault } = options;
  const session = runtimeOptions(options);
  const apart = await checkImages(images, { seed, mean, std, calibrationImages });
  if (!apart.disjoint)
    say("There are too few images besides those of calibration; the result is checked on the calibration images.");
  const check = await Check.of(graph, apart, session);
  if (check.floatAnswers) await options.onFloat?.(check.floatAnswers);

  const told = { ...options, onNote: say };
  const quantized =
    options.method === AUTO
      ? await autoQuantize(graph, calibration, check, told)
      : await applyMethod(graph, calibration, told);
  const closeness = await check.measure(quantized);
  if (check.collapsed(closeness)) {
    const text = await collapse(quantized, check, closeness);
    if (!options.force) throw new FailedRunError("collapsed", { found: closeness.agreement }, text);
    say(text);
  }
  return { graph: quantized, closeness, check, log };
}

async function calibrationFor(images: ImageSet, options: QuantizeOptions): Promise<CalibrationInput> {
  const { seed, mean, std, calibrationImages = calibrationImagesDefault } = options;
  if (images.length === 0)
    throw new DataError(
      "no-images",
      { source: images.name, split: images.split },
      `"${images.name}" has no ${images.split} images to calibrate on; give a folder with images.`,
    );
  return calibrationSample(images, { count: calibrationImages, seed, mean, std });
}

async function collapse(graph: Graph, check: Check, closeness: Closeness): Promise<string> {
  const layers = await layerSensitivity(graph, check.images.batches, check.options);
  const worst = layers
    .slice(0, 3)
    .map(({ layer, aloneDb, cause }) => `${layer} (${aloneDb.toFixed(1)} dB signal to noise: ${cause})`);
  return (
    `The quantized network collapsed: ${check.describe(closeness)}. The noisiest layers are ${worst.join("; ")}. ` +
    "Use more bits for them (`policy`), another method (`method` reconstruct), or train it (the task `qat`); `force` writes it as it is."
  );
}
