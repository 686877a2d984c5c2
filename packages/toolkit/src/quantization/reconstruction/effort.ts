/**
 * @file The effort of a reconstruction: the images per step, the time per step, and the number of steps that fit into
 * the time that is allowed.
 *
 * The weights of a convolution are learned from every position of every image. A layer at 112 × 112 has as many
 * positions in one image as a layer at 28 × 28 in sixteen, so early layers of networks for photographs need fewer
 * images.
 */

import { elementCount, float32, type Graph, inferTypes, type Tensor } from "@subbyte/graph";
import type { SessionOptions } from "../../runtime/session.js";
import type { Loss } from "../../training/losses/index.js";
import type { LearnedGraph } from "./learned-graph.js";
import { createLearner } from "./learner.js";
import type { ReconstructionOptions } from "./options.js";
import { LearnedValues } from "./values.js";

/**
 * Images of each step.
 * @param part what is learned, as a graph of its own, its batch symbolic
 */
export function imagesPerStep(part: Graph, limit: Pick<ReconstructionOptions, "batchSize" | "positions">): number {
  let positions = 1;
  for (const { shape } of inferTypes(part).values())
    if (shape?.[0] === "N") positions = Math.max(positions, elementCount(shape.slice(2) as readonly number[]));
  return Math.max(1, Math.min(limit.batchSize, Math.floor(limit.positions / positions)));
}

export interface TimedStep {
  /** The whole quantized graph, of which `learned` is a part. */
  readonly graph: Graph;
  readonly learned: LearnedGraph;
  readonly loss: Loss;
  /** Shapes of one batch of inputs and of targets. */
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  readonly target: readonly number[];
}

/** Steps that are timed, after one that warms up. */
const TIMED_STEPS = 2;

/** Seconds that a step takes, measured on zeros. */
export async function secondsPerStep(step: TimedStep, session: SessionOptions): Promise<number> {
  const { graph, learned, loss, input } = step;
  const zeros = (shape: readonly number[]): Tensor => float32(new Float32Array(elementCount(shape)), shape);
  const learner = await createLearner(learned, loss, session);
  try {
    const feeds: Record<string, Tensor> = {
      [input.name]: zeros(input.shape),
      ...new LearnedValues(graph, learned).biasDeltas(learner.state),
    };
    for (const { keep } of learned.steps) if (keep) feeds[keep.name] = zeros(keep.shape);
    const target = zeros(step.target);
    const rates = { rounding: 0, scale: 0, bias: 0, step: 0 };
    let seconds = Number.POSITIVE_INFINITY;
    for (let i = 0; i <= TIMED_STEPS; i++) {
      const begun = performance.now();
      await learner.run({ feeds, target, rates, regularization: 0, beta: 2, step: i + 1 });
      if (i > 0) seconds = Math.min(seconds, (performance.now() - begun) / 1000);
    }
    return seconds;
  } finally {
    await learner.release();
  }
}

/** Fewer steps for a block are worth less than ranges with bias correction. */
const LEAST_ITERATIONS = 100;

/** The steps of each unit, and of the whole network afterwards, that fit into so many minutes. */
export function withinMinutes<Steps extends Pick<ReconstructionOptions, "iterations" | "endToEnd">>(
  steps: Steps,
  minutes: number,
  secondsInAll: number,
): Steps {
  const share = Math.min(1, (60 * minutes) / secondsInAll);
  const least = Math.min(LEAST_ITERATIONS, steps.iterations);
  return {
    ...steps,
    iterations: Math.max(least, Math.floor(share * steps.iterations)),
    endToEnd: Math.floor(share * steps.endToEnd),
  };
}
