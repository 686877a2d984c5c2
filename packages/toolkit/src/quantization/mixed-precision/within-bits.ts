/** @file Bit widths of layers under a budget of bits. */

import type { LayerOverride } from "../policy.js";
import { type Allocation, allocate, type Choice } from "./allocation.js";
import { type Front, type FrontPoint, frontOf } from "./front.js";
import type { LayerCosts } from "./layer-costs.js";

/** Mean bit widths of inner layers: of weights, averaged over parameters, and of inputs, averaged over elements. */
export interface BitsBudget {
  readonly weights: number;
  readonly activations: number;
}

/** @throws {UsageError} if even the smallest bit widths exceed the budget */
export function withinBits(
  costs: readonly LayerCosts[],
  budget: BitsBudget,
): { readonly layers: readonly LayerOverride[]; readonly fronts: readonly Front[] } {
  const weights = allocateBits(costs, "weights", "parameters", budget.weights);
  const activations = allocateBits(costs, "activations", "elements", budget.activations);
  return {
    layers: costs.map(({ layer }, i) => ({
      pattern: layer,
      weights: weights.choices[i]!.value,
      activations: activations.choices[i]!.value,
    })),
    fronts: [
      { ...frontOf("bits per weight", weights), uniform: uniform(costs, "weights", budget.weights) },
      { ...frontOf("bits per activation", activations), uniform: uniform(costs, "activations", budget.activations) },
    ],
  };
}

function allocateBits(
  costs: readonly LayerCosts[],
  kind: "weights" | "activations",
  size: "parameters" | "elements",
  budget: number,
): Allocation<number> {
  const total = costs.reduce((sum, each) => sum + each[size], 0);
  const items = costs.map((each): Choice<number>[] =>
    Object.entries(each[kind]).map(([bits, cost]) => ({
      value: Number(bits),
      amount: (Number(bits) * each[size]) / total,
      cost,
    })),
  );
  // Means are sums of rounded fractions, which may exceed the budget in the last bit.
  return allocate(
    items,
    budget + 1e-9,
    (least) =>
      `mixed precision: ${kind} of ${budget.toFixed(2)} bits on average cannot be reached; the narrowest bit widths give ${least.toFixed(2)}.`,
  );
}

/** All layers at the largest measured bit width within the budget; there is one, because the budget can be kept. */
function uniform(costs: readonly LayerCosts[], kind: "weights" | "activations", budget: number): FrontPoint {
  const measured = Object.keys(costs[0]![kind]).map(Number);
  const bits = Math.max(...measured.filter((each) => each <= budget));
  return { amount: bits, divergence: costs.reduce((sum, each) => sum + each[kind][bits]!, 0) };
}
