/** @file Post-training quantization, from a float graph and images to a quantized graph. */

import type { Graph } from "@subbyte/graph";
import type { ImageSet } from "../data/types.js";
import { DataError } from "../errors.js";
import { snapBiases } from "./biases.js";
import { calibrationSample } from "./calibration.js";
import { insertFakeQuant } from "./insert.js";
import { type MethodOptions, methodByName } from "./methods.js";
import type { BitPolicy } from "./policy.js";

/** Enough for ranges; more change accuracy by less than its noise. */
export const calibrationImagesDefault = 1024;

export interface QuantizeOptions extends MethodOptions {
  readonly policy: BitPolicy;
  /** A name of `methods`. */
  readonly method: string;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** `calibrationImagesDefault` by default. */
  readonly calibrationImages?: number;
}

/**
 * Quantizes a simplified float graph.
 *
 * @param images training images; labels are not looked at
 * @returns the graph with calibrated FakeQuant nodes, ready for `lower`
 * @throws {UsageError | DataError | ModelError}
 */
export async function quantizeGraph(graph: Graph, images: ImageSet, options: QuantizeOptions): Promise<Graph> {
  const { policy, method, seed, mean, std, calibrationImages = calibrationImagesDefault, ...rest } = options;
  const run = methodByName(method);
  if (images.length === 0)
    throw new DataError(`"${images.name}" has no ${images.split} images to calibrate on; give a folder with images.`);
  const quantized = insertFakeQuant(graph, policy);
  const calibration = calibrationSample(images, { count: calibrationImages, seed, mean, std });
  return snapBiases(await run(quantized, calibration, { seed, ...rest }));
}
