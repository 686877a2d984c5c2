/** @file The post-training methods by name; each sets the scales (and weights) of a graph with FakeQuant nodes. */

import type { Graph } from "@subbyte/graph";
import { UsageError } from "../errors.js";
import { type learningMethodNames, rangeMethodNames } from "../options/facts.js";
import { type RuntimeOptions, runtimeOptions } from "../runtime/runtime-options.js";
import { fakeQuants, withoutFakeQuant } from "./fake-quant.js";
import { type CalibrationInput, type RangeMethod, setRanges } from "./ranges.js";
import {
  adaroundDefaults,
  type CheckpointOptions,
  type LearningLimits,
  type ReconstructionOptions,
  type ReconstructionProgress,
  reconstruct,
  reconstructionDefaults,
} from "./reconstruction/index.js";
import { analyse } from "./topology.js";

/** Options that methods share. A method ignores those that it does not need. */
export interface MethodOptions extends LearningLimits, RuntimeOptions {
  readonly seed: number;
  /** Percentage of the values that an activation's range covers, for the method `percentile`. */
  readonly percentile?: number;
  /** Called while ranges are measured, with the number of images so far. */
  readonly onProgress?: (images: number) => void;
  /** Called while a method learns. */
  readonly onReconstruction?: (progress: ReconstructionProgress) => void;
  /** Hyperparameters that replace the method's own, for methods that learn. */
  readonly reconstruction?: Partial<ReconstructionOptions>;
  /** The file in which methods that learn keep their progress. */
  readonly checkpoint?: CheckpointOptions;
  /** Called with notes on what was done and why, and with warnings, one sentence each. */
  readonly onNote?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** `(graph with FakeQuant nodes, calibration images, options) → the same graph, calibrated`. */
export type Method = (graph: Graph, calibration: CalibrationInput, options: MethodOptions) => Promise<Graph>;

/** Sets ranges by least squared error, then learns rounding and scales. */
const learning =
  (defaultsFor: (graph: Graph) => ReconstructionOptions): Method =>
  async (graph, calibration, { reconstruction, onProgress, onReconstruction, ...options }) => {
    const ranges = { ...options, method: "mse", weights: "l24", ...(onProgress ? { onProgress } : {}) } as const;
    const { seed, checkpoint, maxMinutes, maxWork, onNote, signal } = options;
    return reconstruct(await setRanges(graph, calibration, ranges), calibration, {
      options: { ...defaultsFor(graph), ...reconstruction },
      seed,
      ...runtimeOptions(options),
      ...(checkpoint ? { checkpoint } : {}),
      ...(signal ? { signal } : {}),
      maxMinutes,
      maxWork,
      ...(onNote ? { onNote } : {}),
      ...(onReconstruction ? { onProgress: onReconstruction } : {}),
    });
  };

const ranges =
  (method: RangeMethod): Method =>
  (graph, calibration, { seed, percentile, onProgress, onNote, signal, ...options }) =>
    setRanges(graph, calibration, {
      method,
      seed,
      ...runtimeOptions(options),
      ...(percentile === undefined ? {} : { percentile }),
      ...(onProgress ? { onProgress } : {}),
      ...(onNote ? { onNote } : {}),
      ...(signal ? { signal } : {}),
    });

const learningMethods: Readonly<Record<(typeof learningMethodNames)[number], Method>> = {
  adaround: learning(() => adaroundDefaults),
  reconstruct: learning((graph) => ({ ...reconstructionDefaults, ...stepsFor(graph) })),
};

/**
 * The number of steps per block, and of steps on the whole network afterwards. The latter are used in cases in which they
 * helped on training images: not at 4 bits; at 3 bits on variations of the images; at 2 bits on the images themselves. Networks
 * with depthwise convolutions gain most from them, and get fewer steps per block in return.
 */
export function stepsFor(graph: Graph): Pick<ReconstructionOptions, "iterations" | "endToEnd" | "vary"> {
  const { iterations } = reconstructionDefaults;
  const narrow = fakeQuants(graph).flatMap(({ bits }) => (bits < 8 ? [bits] : []));
  const least = Math.min(8, ...narrow);
  if (least >= 4)
    return least === 4 && hasDepthwise(graph)
      ? { iterations: 1000, endToEnd: 1000, vary: true }
      : { iterations, endToEnd: 0, vary: true };
  const mean = narrow.reduce((sum, bits) => sum + bits, 0) / narrow.length;
  return { iterations, ...(mean < 2.5 ? { endToEnd: 600, vary: false } : { endToEnd: 1000, vary: true }) };
}

function hasDepthwise(graph: Graph): boolean {
  const float = withoutFakeQuant(graph);
  return float.nodes.some(analyse(float).isDepthwise);
}

/** The post-training methods by name; `auto` is not among them. */
export const methods: Readonly<Record<string, Method>> = {
  ...Object.fromEntries(rangeMethodNames.map((method) => [method, ranges(method)])),
  ...learningMethods,
};

/** Whether a method corrects shifted means itself, so that bias correction has nothing to add. */
export const learnsBiases = (method: string): boolean => method in learningMethods;

/** @throws {UsageError} that lists the methods */
export function methodByName(name: string): Method {
  const method = methods[name];
  if (!method)
    throw new UsageError(
      "option-choice",
      { option: "method", value: name, allowed: ["auto", ...Object.keys(methods)] },
      `\`method\` ${name}: there is no such method; take one of auto, ${Object.keys(methods).join(", ")}.`,
    );
  return method;
}
