/**
 * @file Exponential moving average of parameters: e ← d·e + (1 − d)·w after each step, with d = min(decay, (1 + t)/(10 + t)),
 * so that the first values do not stay in it. The average is often better than the last step, especially at a high learning
 * rate.
 *
 * Source: Polyak and Juditsky 1992, doi:10.1137/0330046; the growing decay as in TensorFlow's ExponentialMovingAverage.
 */

import { float32, type GraphBuilder, type Tensor } from "@subbyte/graph";
import { requireNumber } from "../require-number.js";
import type { StateUpdate } from "./step-graph.js";

const DECAY = "average.decay";

const averageName = (parameter: string): string => `average.${parameter}`;

/** @throws {UsageError} if the decay is not in [0, 1). */
export function checkAverageDecay(decay: number): void {
  requireNumber("averageDecay", decay, "a number in [0, 1)");
}

/** Appends the averages of values that a step changes: parameters, and the running statistics that belong to them. */
export function movingAverages(g: GraphBuilder, values: readonly StateUpdate[]): readonly StateUpdate[] {
  const decay = g.input(DECAY, "float32", []);
  const rest = g.op("Sub", [g.scalar(1), decay]);
  return values.map(({ name: value, initial, next }) => {
    const name = g.input(averageName(value), "float32", initial.shape);
    const kept = g.op("Mul", [name, decay]);
    return { name, initial, next: g.op("Add", [kept, g.op("Mul", [next, rest])]) };
  });
}

/** Further inputs of a step with averages, at step `t` = 1, 2, … */
export const averageFeeds = (decay: number, t: number): Readonly<Record<string, Tensor>> => ({
  [DECAY]: float32([Math.min(decay, (1 + t) / (10 + t))], []),
});

/** The state with each parameter replaced by its average. */
export const withAverages = (state: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> =>
  new Map([...state].map(([name, tensor]) => [name, state.get(averageName(name)) ?? tensor]));
