/** @file The best result for every budget, the Pareto front of an allocation, as a table for the user. */

import { type Allocation, type Sums, sumsOf } from "./allocation.js";

/** One choice of bit widths: what it costs, and how far the outputs diverge. */
export interface FrontPoint {
  /** The cost, in the front's unit. */
  readonly amount: number;
  /** Sum of the layers' measured divergences, in nats. */
  readonly divergence: number;
}

/** The best choice of bit widths for each budget, from large to small budgets. */
export interface Front {
  readonly unit: "bits per weight" | "bits per activation" | "ms per image";
  /** Best choices, from the most bits to the fewest. */
  readonly points: readonly FrontPoint[];
  /** The bit widths that were chosen. */
  readonly chosen: FrontPoint;
  /** The largest uniform bit width within the budget, which shows what mixing gains; only for budgets of bits. */
  readonly uniform?: FrontPoint;
}

export function frontOf(unit: Front["unit"], { choices, front }: Allocation<unknown>, rest = 0): Front {
  const point = ({ amount, cost }: Sums): FrontPoint => ({ amount: amount + rest, divergence: cost });
  return { unit, points: front.map(point), chosen: point(sumsOf(choices)) };
}
