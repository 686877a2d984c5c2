/** @file Options of quantization-aware training, and their defaults, which were chosen by measurement. */

import type { Graph } from "@subbyte/graph";
import { UsageError } from "../../errors.js";
import type { batchNormForms } from "../../options/facts.js";
import type { TrainOptions, TrainResult } from "../../training/index.js";
import type { Quantizer } from "./steps.js";

/**
 * - `kept`: steps normalize by their batch; statistics are measured anew before each validation and at the end, on training images
 *   that are augmented as in training;
 * - `frozen`: steps normalize by the statistics at the start;
 * - `folded`: there is no batch norm; weights and biases are trained.
 */
export type BatchNormForm = (typeof batchNormForms)[number];

/** Learning from the outputs of the float network. */
export interface Distillation {
  /** Weight of the teacher's answers relative to the labels, 0 … 1; with 1, labels are not used. */
  readonly weight: number;
  /** Divides the logits of both networks before the softmax. */
  readonly temperature: number;
}

/** Options of `qat`. */
export interface QatOptions
  extends Omit<
    TrainOptions,
    "parameters" | "loss" | "target" | "inputs" | "finished" | "damping" | "freezeBatchNorm" | "constants" | "identity"
  > {
  /** The network with calibrated FakeQuant nodes (from `quantizeGraph`, or from `lift` of a program) and folded batch norm. */
  readonly graph: Graph;
  /** The float network before or after batch norm was folded; without it there is no distillation. */
  readonly source?: Graph | undefined;
  /** How step sizes are learned; `lsq` by default. */
  readonly quantizer?: Quantizer;
  /** Learning rate of step sizes, as a multiple of that of the run; 1 by default. */
  readonly stepRate?: number;
  /** Whether zero points of activations with both signs are learned; true by default. */
  readonly offsets?: boolean;
  readonly batchNorm?: BatchNormForm;
  readonly distillation?: Distillation;
  /** λ of the damping of oscillations at the end of the run; it grows from 0 by a cosine. 0 by default. */
  readonly dampingWeight?: number;
  /** Images on which statistics are measured; 1024 by default. */
  readonly statisticsImages?: number;
}

/** Accuracy on the validation images. */
export interface Validated {
  readonly top1: number;
  readonly loss: number;
}

/** The trained network, and the network that training began with. */
export interface QatResult extends TrainResult {
  /** The network before training, with calibrated FakeQuant nodes. */
  readonly start: Graph;
  /** Result of the network before training. */
  readonly baseline: Validated | undefined;
  /** Which network `best` is: that of a trained epoch, or the baseline if no epoch was better by more than chance. */
  readonly kept: "trained" | "baseline";
}

/** @throws {UsageError} if an option is out of its range. */
export function checkQatOptions({ stepRate = 1, dampingWeight = 0, distillation, source }: QatOptions): void {
  within("stepRate", stepRate, "at least 0", stepRate >= 0 && stepRate < Number.POSITIVE_INFINITY);
  within("dampingWeight", dampingWeight, "at least 0", dampingWeight >= 0 && dampingWeight < Number.POSITIVE_INFINITY);
  if (!distillation) return;
  const { weight } = distillation;
  within("distillation.weight", weight, "[0, 1]", weight >= 0 && weight <= 1);
  if (weight > 0 && !source)
    throw new UsageError(
      "toolkit-argument",
      { argument: "distillation", found: weight, expected: "a float network" },
      "distillation needs the float network as a teacher; begin from a float model, or leave it out",
    );
}

function within(argument: string, found: number, expected: string, holds: boolean): void {
  if (holds) return;
  throw new UsageError(
    "toolkit-argument",
    { argument, found, expected },
    `${argument} must be ${expected}, got ${found}`,
  );
}
