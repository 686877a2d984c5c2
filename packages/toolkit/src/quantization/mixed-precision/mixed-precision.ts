/**
 * @file Mixed precision: measures how much accuracy each layer loses at each bit width, then gives bits to the layers
 * where they help most, within a budget of bits or of time. The costs of layers are added, which is accurate as long as
 * all are small.
 *
 * Source: Cai et al. 2020, ZeroQ, arXiv:2001.00281, §3.3 (front by adding).
 */

import type { Graph } from "@subbyte/graph";
import { UsageError } from "../../errors.js";
import type { RuntimeOptions } from "../../runtime/runtime-options.js";
import type { Check } from "../check.js";
import { insertFakeQuant } from "../insert.js";
import type { BitPolicy, LayerOverride } from "../policy.js";
import type { CalibrationInput } from "../ranges.js";
import { innerLayers } from "../sensitivity/index.js";
import type { Front } from "./front.js";
import { type LayerCosts, measureLayerCosts } from "./layer-costs.js";
import { measureLayerTimes } from "./layer-times.js";
import { type BitsBudget, withinBits } from "./within-bits.js";
import { withinTime } from "./within-time.js";

export interface MixedPrecisionOptions extends RuntimeOptions {
  /** Decides the first and last layer, the residual stream and, if the budget does not, the bit widths of activations. */
  readonly policy: BitPolicy;
  readonly seed: number;
  readonly budget: MixedBudget;
  /** Bit widths to choose from; 2, 3, 4, 5, 6 and 8 by default. */
  readonly bitWidths?: readonly number[];
  /** Called after each measurement. */
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/** The budget for all layers together. */
export type MixedBudget =
  | ({ readonly kind: "bits" } & BitsBudget)
  /** Time limit, in ms, for one image on the integer engine of this machine with one thread. */
  | { readonly kind: "time"; readonly milliseconds: number };

/** Bit widths per layer, and the measurements that led to them. */
export interface MixedPrecision {
  /** One entry per layer, for a policy. */
  readonly layers: readonly LayerOverride[];
  /** The trade-offs: one each for weights and for activations, or one for time. */
  readonly fronts: readonly Front[];
  /** Divergence by layer and bit width. */
  readonly costs: readonly LayerCosts[];
}

const BIT_WIDTHS = [2, 3, 4, 5, 6, 8];
/** Runs of a network for its layers' times, of which the shortest count. */
const RUNS = 10;

/**
 * @param float a simplified float network
 * @param check its answers to images; each layer is evaluated on them once per bit width of its weights and of its input
 * @throws {UsageError} if no choice of bit widths is within the budget, or if the network has no inner layers
 */
export async function mixedPrecision(
  float: Graph,
  calibration: CalibrationInput,
  check: Check,
  options: MixedPrecisionOptions,
): Promise<MixedPrecision> {
  const { policy, budget, bitWidths = BIT_WIDTHS, onProgress, signal } = options;
  const pairs = budget.kind === "time" ? bitWidths.length ** 2 : 0;
  const names = innerLayers(insertFakeQuant(float, { ...policy, layers: [] })).map(({ node }) => node.name);
  if (names.length === 0)
    throw new UsageError(
      "nothing-to-learn",
      { option: "firstLastBits" },
      "mixed precision: the network has only a first and a last layer, which keep `firstLastBits`.",
    );
  const all = names.length * bitWidths.length + pairs;
  let done = 0;
  const advance = () => onProgress?.(++done, all);
  const costs = await measureLayerCosts(float, calibration, check, { ...options, bitWidths, onLayer: advance });
  if (budget.kind === "bits") return { ...withinBits(costs, budget), costs };
  const times = await measureLayerTimes(float, calibration, {
    policy,
    layers: costs.map(({ layer }) => layer),
    bitWidths,
    runs: RUNS,
    onPair: advance,
    ...(signal ? { signal } : {}),
  });
  return { ...withinTime(costs, times, budget.milliseconds), costs };
}
