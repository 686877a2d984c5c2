/** @file Learns a part of the network in steps: its learned graph, a loss against the float network's values, and Adam. */

import { float32, type GraphBuilder, type Tensor } from "@subbyte/graph";
import type { SessionOptions } from "../../runtime/session.js";
import type { Loss } from "../../training/losses/index.js";
import { createOptimizer } from "../../training/optimizers/index.js";
import { createStep } from "../../training/step.js";
import { buildStepGraph, type StepGraph } from "../../training/step-graph.js";
import type { LearnedGraph, LearnedKind } from "./learned-graph.js";
import { roundingPenalty } from "./rounding.js";

/** Learning rates of one step. */
export type Rates = Readonly<Record<LearnedKind, number>>;

export interface LearnerStep {
  /** All feeds but parameters and target: input, masks, bias deltas. */
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** The float network's values. */
  readonly target: Tensor;
  readonly rates: Rates;
  /** Weight of the rounding penalty, and its exponent. */
  readonly regularization: number;
  readonly beta: number;
  /** Number of the step, from 1. */
  readonly step: number;
}

export interface Learner {
  /** Parameters and Adam's averages, by name. The step after the next overwrites the arrays. */
  readonly state: ReadonlyMap<string, Tensor>;
  /** Returns the loss before the update, without the penalty. */
  run(step: LearnerStep): Promise<number>;
  /** @throws {DataError} if a tensor is missing or has another shape */
  restore(state: ReadonlyMap<string, Tensor>): void;
  release(): Promise<void>;
}

const PENALTY = "penalty weight";
const BETA = "penalty exponent";

/** Forward pass, loss, gradients and Adam's updates of the learned parameters. */
export function learningStepGraph({ graph, parameters, roundings }: LearnedGraph, loss: Loss): StepGraph {
  return buildStepGraph({
    graph,
    parameters: parameters.map(({ name, kind, initial }) => ({ name, initial, rate: kind })),
    loss,
    optimizer: createOptimizer({ name: "adamw" }),
    penalty: roundings.length > 0 ? (g) => totalPenalty(g, roundings) : undefined,
  });
}

/** @param stepGraph from `learningStepGraph` */
export async function createLearner(stepGraph: StepGraph, session: SessionOptions): Promise<Learner> {
  const step = await createStep(stepGraph, session);
  return {
    get state() {
      return step.state;
    },
    run: async ({ feeds, target, rates, regularization, beta, step: t }) => {
      const inputs = { ...feeds, [PENALTY]: float32([regularization], []), [BETA]: float32([beta], []) };
      return (await step.run({ inputs, target }, { rates, t })).loss;
    },
    restore: (state) => step.restore(state),
    release: () => step.release(),
  };
}

function totalPenalty(g: GraphBuilder, roundings: readonly string[]): string {
  const [weight, beta] = [g.input(PENALTY, "float32", []), g.input(BETA, "float32", [])];
  const penalties = roundings.map((h) => roundingPenalty(g, h, beta));
  return g.op("Mul", [g.op("Sum", penalties), weight]);
}
