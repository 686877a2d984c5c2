/**
 * @file Mixed precision: how much each layer suffers at each width is measured, then widths are given where they help most, under a
 * budget of bits or of time. Costs of layers are added, which holds while all are small.
 *
 * Source: Cai et al. 2020, ZeroQ, arXiv:2001.00281, §3.3 (front by adding).
 */

import type { Graph } from "@subbyte/graph";
import { UsageError } from "../../errors.js";
import type { Check } from "../check.js";
import type { BitPolicy, LayerOverride } from "../policy.js";
import type { CalibrationInput } from "../ranges.js";
import { type Allocation, allocate, type Choice, type Sums, sumsOf } from "./allocation.js";
import { type LayerCosts, measureLayerCosts } from "./layer-costs.js";
import { type LayerTimes, measureLayerTimes, type Widths } from "./layer-times.js";

export interface MixedPrecisionOptions {
  /** Decides first and last layer, residual stream and, without a budget of their own, the widths of activations. */
  readonly policy: BitPolicy;
  readonly seed: number;
  readonly budget: MixedBudget;
  /** Widths to choose from; 2, 3, 4, 5, 6 and 8 by default. */
  readonly widths?: readonly number[];
  readonly threads?: number;
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/** What all layers together may take. */
export type MixedBudget =
  /** Mean bits of inner layers: a weight, over parameters, and an input value, over elements. */
  | { readonly kind: "bits"; readonly weights: number; readonly activations: number }
  /** Of one image, on the integer engine of this machine, with one thread. */
  | { readonly kind: "time"; readonly milliseconds: number };

export interface FrontPoint {
  /** In the front's unit. */
  readonly amount: number;
  /** Sum of the layers' measured ones, nats. */
  readonly divergence: number;
}

export interface Front {
  readonly unit: "bits a weight" | "bits an activation" | "ms an image";
  /** Best choices from the widest to the narrowest. */
  readonly points: readonly FrontPoint[];
  /** What the layers got. */
  readonly chosen: FrontPoint;
  /** For bits: the widest width that every layer can have within the budget, which shows what mixing brings. */
  readonly uniform?: FrontPoint;
}

export interface MixedPrecision {
  /** For a policy: one entry a layer. */
  readonly layers: readonly LayerOverride[];
  /** Of weights and of activations, or of time. */
  readonly fronts: readonly Front[];
  /** Divergence by layer and width. */
  readonly costs: readonly LayerCosts[];
}

const WIDTHS = [2, 3, 4, 5, 6, 8];
/** Runs of a network for its layers' times, of which the shortest count. */
const RUNS = 10;

/**
 * @param float a simplified float network
 * @param check its answers to images; each layer is evaluated on them once for each width and kind
 * @throws {UsageError} where no choice of widths keeps within the budget, or the network has no inner layers
 */
export async function mixedPrecision(
  float: Graph,
  calibration: CalibrationInput,
  check: Check,
  options: MixedPrecisionOptions,
): Promise<MixedPrecision> {
  const { budget, widths = WIDTHS, onProgress } = options;
  const pairs = budget.kind === "time" ? widths.length ** 2 : 0;
  let done = 0;
  let all = 0;
  const advance = () => onProgress?.(++done, all);
  const costs = await measureLayerCosts(float, calibration, check, {
    ...options,
    widths,
    onLayers: (layers) => {
      all = layers * widths.length + pairs;
    },
    onLayer: advance,
  });
  if (costs.length === 0)
    throw new UsageError(
      "mixed precision: the network has only a first and a last layer, which keep --first-last-bits.",
    );
  if (budget.kind === "bits") return withinBits(costs, budget);
  const { policy, signal } = options;
  const times = await measureLayerTimes(float, calibration, {
    policy,
    layers: costs.map(({ layer }) => layer),
    widths,
    runs: RUNS,
    onPair: advance,
    ...(signal ? { signal } : {}),
  });
  return withinTime(costs, times, budget.milliseconds);
}

function withinBits(costs: readonly LayerCosts[], budget: Extract<MixedBudget, { kind: "bits" }>): MixedPrecision {
  const weights = bitsOf(costs, "weights", "parameters", budget.weights);
  const activations = bitsOf(costs, "activations", "elements", budget.activations);
  return {
    layers: costs.map(({ layer }, i) => ({
      pattern: layer,
      weights: weights.choices[i]!.value,
      activations: activations.choices[i]!.value,
    })),
    fronts: [
      { ...frontOf("bits a weight", weights), uniform: uniform(costs, "weights", budget.weights) },
      { ...frontOf("bits an activation", activations), uniform: uniform(costs, "activations", budget.activations) },
    ],
    costs,
  };
}

function bitsOf(
  costs: readonly LayerCosts[],
  kind: "weights" | "activations",
  size: "parameters" | "elements",
  budget: number,
) {
  const total = costs.reduce((sum, each) => sum + each[size], 0);
  const items = costs.map((each): Choice<number>[] =>
    Object.entries(each[kind]).map(([bits, cost]) => ({
      value: Number(bits),
      amount: (Number(bits) * each[size]) / total,
      cost,
    })),
  );
  // Means of whole bits are sums of rounded fractions.
  return allocate(
    items,
    budget + 1e-9,
    (least) =>
      `mixed precision: ${kind} of ${budget.toFixed(2)} bits on average cannot be reached; the narrowest widths give ${least.toFixed(2)}.`,
  );
}

/** All layers at the widest measured width within the budget; there is one, or the budget could not be kept. */
function uniform(costs: readonly LayerCosts[], kind: "weights" | "activations", budget: number): FrontPoint {
  const widths = Object.keys(costs[0]![kind]).map(Number);
  const bits = Math.max(...widths.filter((width) => width <= budget));
  return { amount: bits, divergence: costs.reduce((sum, each) => sum + each[kind][bits]!, 0) };
}

function withinTime(costs: readonly LayerCosts[], times: LayerTimes, milliseconds: number): MixedPrecision {
  const { rest } = times;
  const items = costs.map(({ layer, weights, activations }) =>
    times.layers.get(layer)!.map(
      (time): Choice<Widths> => ({
        value: time,
        amount: time.milliseconds,
        cost: weights[time.weights]! + activations[time.activations]!,
      }),
    ),
  );
  const allocation = allocate(
    items,
    milliseconds - rest,
    (least) =>
      `--max-time: ${milliseconds} ms an image cannot be reached on this machine; the fastest widths take ${(least + rest).toPrecision(3)} ms.`,
  );
  return {
    layers: costs.map(({ layer }, i) => {
      const { weights, activations } = allocation.choices[i]!.value;
      return { pattern: layer, weights, activations };
    }),
    fronts: [frontOf("ms an image", allocation, rest)],
    costs,
  };
}

function frontOf(unit: Front["unit"], { choices, front }: Allocation<unknown>, rest = 0): Front {
  const point = ({ amount, cost }: Sums): FrontPoint => ({ amount: amount + rest, divergence: cost });
  return { unit, points: front.map(point), chosen: point(sumsOf(choices)) };
}
