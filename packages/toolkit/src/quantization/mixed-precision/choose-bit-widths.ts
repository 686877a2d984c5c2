/** @file Mixed precision from images and a budget: average bits, file size, or time. */

import type { Graph } from "@subbyte/graph";
import type { ImageSet } from "../../data/types.js";
import { UsageError } from "../../errors.js";
import { sensitivityImagesDefault } from "../../options/facts.js";
import { runtimeOptions } from "../../runtime/runtime-options.js";
import { calibrationSample } from "../calibration.js";
import { Check, checkImages } from "../check.js";
import { equalizeLayers } from "../equalization.js";
import type { BitPolicy } from "../policy.js";
import { analyse, isLayer } from "../topology.js";
import {
  type MixedBudget,
  type MixedPrecision,
  type MixedPrecisionOptions,
  mixedPrecision,
} from "./mixed-precision.js";

/** The budget that bit widths must keep. Give `averageBits`, `maxBytes` or `maxMilliseconds`. */
export interface BitWidthBudget {
  /** Mean bits of weights (over parameters) and of activations (over elements) of inner layers. */
  readonly averageBits?: number;
  /** Largest size of the `.sbq` file in bytes, which limits the weights. */
  readonly maxBytes?: number;
  /** Time limit, in ms, for one image on the integer engine of this machine with one thread. It excludes the other budgets. */
  readonly maxMilliseconds?: number;
  /**
   * Number of images on which ranges are measured, and of as many others for the divergences; `sensitivityImagesDefault` by
   * default. With more images, layers with similar costs can be distinguished.
   */
  readonly images?: number;
}

/** Options of `chooseBitWidths`. */
export interface ChooseBitWidthsOptions extends Omit<MixedPrecisionOptions, "budget"> {
  readonly budget: BitWidthBudget;
  /** Whether layers are equalized before they get these bit widths, because this changes their costs. */
  readonly equalize?: boolean;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Bytes of the file's header for each output channel: scale and bias as text and number. */
const BYTES_PER_CHANNEL = 28;
/** Bytes of the file's header for each layer. */
const BYTES_PER_LAYER = 700;

/**
 * @param float a simplified float network
 * @param images training images; labels are not used
 * @throws {UsageError} if the budget cannot be kept
 */
export async function chooseBitWidths(
  float: Graph,
  images: ImageSet,
  options: ChooseBitWidthsOptions,
): Promise<MixedPrecision> {
  const { budget, mean, std, seed, policy } = options;
  const { images: count = sensitivityImagesDefault } = budget;
  const session = runtimeOptions(options);
  const limit = mixedBudget(float, budget, policy);
  const network = options.equalize ? equalizeLayers(float).graph : float;
  const calibration = calibrationSample(images, { count, seed, mean, std });
  const apart = await checkImages(images, { seed, mean, std, calibrationImages: count, count });
  const check = await Check.of(float, apart, session);
  return mixedPrecision(network, calibration, check, { ...options, budget: limit });
}

/** @throws {UsageError} if the budget cannot be kept, or if two budgets exclude each other */
function mixedBudget(float: Graph, budget: BitWidthBudget, policy: BitPolicy): MixedBudget {
  const { averageBits, maxBytes, maxMilliseconds: milliseconds } = budget;
  if (milliseconds !== undefined) {
    if (averageBits !== undefined || maxBytes !== undefined)
      throw new UsageError(
        "option-conflict",
        { options: ["maxTime", "avgBits", "maxSize"] },
        "`maxTime` cannot be combined with other budgets; leave `avgBits` and `maxSize` out.",
      );
    return { kind: "time", milliseconds };
  }
  const bytesAllow = maxBytes === undefined ? 8 : bitsForBytes(float, maxBytes, policy);
  return {
    kind: "bits",
    weights: Math.min(averageBits ?? 8, bytesAllow),
    activations: averageBits ?? policy.activations,
  };
}

/** Mean bits of the inner weights with which the file has about this size. */
function bitsForBytes(float: Graph, bytes: number, { firstLastBits = 8, residualBits = 8 }: BitPolicy): number {
  const topology = analyse(float);
  let fixed = 0;
  let inner = 0;
  for (const layer of float.nodes.filter(isLayer)) {
    const { data, shape } = float.tensors.get(layer.inputs[1]!)!;
    fixed += BYTES_PER_LAYER + BYTES_PER_CHANNEL * shape[0]!;
    if (topology.readsInput(layer) || topology.reachesOutput(layer)) fixed += (data.length * firstLastBits) / 8;
    else if (topology.isChannelAffine(layer)) fixed += (data.length * residualBits) / 8;
    else inner += data.length;
  }
  const bits = (8 * (bytes - fixed)) / inner;
  if (bits < 2)
    throw new UsageError(
      "budget-too-small",
      { option: "maxSize", value: bytes, expected: Math.round(fixed + inner / 4) },
      `\`maxSize\`: ${bytes} bytes are too few; first and last layer, scales and biases take about ${Math.round(fixed)} bytes, ` +
        `and the other weights take ${Math.round(inner / 4)} at 2 bits.`,
    );
  return bits;
}
