/**
 * @file The effort of a reconstruction: images per step, time per step, and the number of steps that fit into the allowed time.
 *
 * The weights of a convolution are learned from every position of every image. A layer at 112 × 112 has as many positions in
 * one image as a layer at 28 × 28 in sixteen, so early layers of networks for photographs need fewer images.
 */

import { elementCount, float32, type Graph, inferTypes, type Tensor } from "@subbyte/graph";
import type { SessionOptions } from "../../runtime/session.js";
import type { Loss } from "../../training/losses/index.js";
import type { LearnedGraph } from "./learned-graph.js";
import { createLearner, learningStepGraph } from "./learner.js";
import type { ReconstructionOptions } from "./options.js";
import { LearnedValues } from "./values.js";

/**
 * Images per step.
 * @param part the learned part, as a separate graph with a symbolic batch
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

/** Number of steps that are timed, after one to warm up. */
const TIMED_STEPS = 2;

/** What a step costs. */
export interface StepCost {
  /** Seconds per step on this machine, as busy as it is now; the inputs are zeros. */
  readonly seconds: number;
  /** Work per step, which is the same on every machine: see `workOf`. */
  readonly work: number;
}

export async function costOfStep(step: TimedStep, session: SessionOptions): Promise<StepCost> {
  const { graph, learned, loss, input } = step;
  const zeros = (shape: readonly number[]): Tensor => float32(new Float32Array(elementCount(shape)), shape);
  const stepGraph = learningStepGraph(learned, loss);
  const learner = await createLearner(stepGraph, session);
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
    return { seconds, work: workOf(stepGraph.graph) };
  } finally {
    await learner.release();
  }
}

/** Multiplications that take about as long as reading and writing one element of an activation. */
const ELEMENT_WORK = 12;

/**
 * Work of one run of a graph of known sizes: multiplications of convolutions and matrix products, and the elements that its operators
 * write, weighted. On the machine that this was fitted on, 1e9 of it took about 60 ms of processor time in MobileNets and 40 in a
 * ResNet-20. It is the same on every machine, however fast or busy.
 */
export function workOf(graph: Graph): number {
  const types = inferTypes(graph);
  const shape = (value: string | undefined) => (value && (types.get(value)?.shape as readonly number[])) || [];
  let work = 0;
  for (const { op, inputs, outputs, attributes } of graph.nodes) {
    const written = outputs.reduce((sum, output) => sum + elementCount(shape(output)), 0);
    work += ELEMENT_WORK * written;
    if (op === "Conv") work += written * elementCount(shape(inputs[1]).slice(1));
    if (op === "ConvTranspose") work += elementCount(shape(inputs[0])) * elementCount(shape(inputs[1]).slice(1));
    if (op === "MatMul" || op === "FusedMatMul" || op === "Gemm")
      work += written * (shape(inputs[0]).at(attributes.transA ? -2 : -1) ?? 1);
  }
  return work;
}

/** With fewer steps per block, the result would be worse than ranges with bias correction. */
const LEAST_ITERATIONS = 100;

/** The given share, at most 1, of the steps per unit and of the steps on the whole network, but not too few per unit. */
export function shareOf<Steps extends Pick<ReconstructionOptions, "iterations" | "endToEnd">>(
  steps: Steps,
  share: number,
): Steps {
  const least = Math.min(LEAST_ITERATIONS, steps.iterations);
  return {
    ...steps,
    iterations: Math.max(least, Math.floor(Math.min(1, share) * steps.iterations)),
    endToEnd: Math.floor(Math.min(1, share) * steps.endToEnd),
  };
}
