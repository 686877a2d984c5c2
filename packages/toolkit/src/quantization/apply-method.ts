/**
 * @file Runs one post-training method with the steps before and after it: equalization, FakeQuant nodes, bias correction,
 * biases on their grid.
 */

import type { Graph } from "@subbyte/graph";
import { runtimeOptions } from "../runtime/runtime-options.js";
import { correctBiases } from "./bias-correction.js";
import { snapBiases } from "./biases.js";
import type { FloatAnswers } from "./check.js";
import { equalizeLayers } from "./equalization.js";
import { insertFakeQuant } from "./insert.js";
import { learnsBiases, type MethodOptions, methodByName } from "./methods.js";
import type { BitPolicy } from "./policy.js";
import type { CalibrationInput } from "./ranges.js";

/** Options of `quantizeGraph`: bit widths, method, normalization. */
export interface QuantizeOptions extends MethodOptions {
  readonly policy: BitPolicy;
  /** A name of `methods`, or `auto`. */
  readonly method: string;
  /** Mean per channel, in units of pixel / 255. */
  readonly mean: readonly number[];
  /** Standard deviation per channel, in units of pixel / 255. */
  readonly std: readonly number[];
  /** Number of calibration images; `calibrationImagesDefault` by default. */
  readonly calibrationImages?: number;
  /** Equalizes layers before anything else. */
  readonly equalize?: boolean;
  /** Corrects biases after ranges are set; methods that learn biases skip this. */
  readonly biasCorrection?: boolean;
}

/** Options of `quantize`, which checks the result. */
export interface GuardedOptions extends QuantizeOptions {
  /**
   * Drop in percentage points (of accuracy, or of agreement without labels) that `auto` accepts before it tries a slower
   * method; 1 by default.
   */
  readonly maxDrop?: number;
  /** Returns a collapsed network instead of throwing. */
  readonly force?: boolean;
  /** Called with the float network's answers before anything is quantized, if its labels are those of the images. */
  readonly onFloat?: (answers: FloatAnswers) => void | Promise<void>;
}

/** Quantizes a simplified float graph; in the result, biases are on their grid. */
export async function applyMethod(
  float: Graph,
  calibration: CalibrationInput,
  options: QuantizeOptions,
): Promise<Graph> {
  const { policy, method, equalize = false, biasCorrection = false, mean: _, std: __, ...rest } = options;
  let graph = float;
  if (equalize) {
    const equalized = equalizeLayers(graph);
    graph = equalized.graph;
    rest.onNote?.(
      equalized.pairs.length === 0
        ? "Equalization: no two convolutions have nothing but a ReLU between them."
        : `Equalization: ${equalized.pairs.length} pairs of layers share their ranges now.`,
    );
  }
  const calibrated = await methodByName(method)(insertFakeQuant(graph, policy), calibration, rest);
  if (!biasCorrection) return snapBiases(calibrated);
  if (learnsBiases(method)) {
    rest.onNote?.(`Bias correction is left out, because the method ${method} corrects biases itself.`);
    return snapBiases(calibrated);
  }
  const { signal } = rest;
  return snapBiases(
    await correctBiases(calibrated, calibration, {
      ...runtimeOptions(rest),
      ...(signal ? { signal } : {}),
    }),
  );
}
