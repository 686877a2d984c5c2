/** @file The iterations that learn one unit from the activations of all calibration images. */

import { elementCount, float32, type Graph, inferTypes, type Node, type Tensor } from "@subbyte/graph";
import { Random } from "../../random.js";
import { squaredErrorLoss } from "../../training/losses/index.js";
import { learningRateAt } from "../../training/schedules.js";
import { rowShape } from "./activations.js";
import { imagesPerStep, type TimedStep } from "./effort.js";
import { type LearnedGraphOptions, type LearnedKind, learnedGraph } from "./learned-graph.js";
import type { LearnerStep, Rates } from "./learner.js";
import { type LearningRun, type LearningTask, learn } from "./loop.js";
import { MaskPool } from "./masks.js";
import type { ReconstructionOptions } from "./options.js";
import type { Rows } from "./rows.js";
import { partOf } from "./subgraph.js";
import type { LearningUnit } from "./units.js";

export interface UnitLearning {
  /** The whole quantized graph, as learned so far. */
  readonly graph: Graph;
  readonly unit: LearningUnit;
  /** Nodes that include those of the unit. */
  readonly nodes: readonly Node[];
  /** The input of the unit in the quantized network; and in the float network, if elements of it are mixed in (QDrop). */
  readonly inputs: Rows;
  readonly floatInputs: Rows | undefined;
  /** The unit's output in the float network. */
  readonly targets: Rows;
  readonly learnsStep: LearnedGraphOptions["learnsStep"];
  readonly options: ReconstructionOptions;
}

/** The graph of one step of a unit, and the shapes of its inputs. */
export function unitStep({
  graph,
  unit,
  nodes,
  options,
  learnsStep,
}: Pick<UnitLearning, "graph" | "unit" | "nodes" | "options" | "learnsStep">): TimedStep {
  const type = inferTypes(graph).get(unit.input)!;
  const part = partOf(graph, type, { name: unit.name, nodes, input: unit.input, outputs: [unit.output] });
  const images = imagesPerStep(part, options);
  const drop = options.drop > 0;
  return {
    graph,
    learned: learnedGraph(part, { learn: learnedKinds(options), drop, batchSize: images, learnsStep }),
    loss: squaredErrorLoss,
    input: { name: unit.input, shape: [images, ...rowShape(graph, unit.input)] },
    target: [images, ...rowShape(graph, unit.output)],
  };
}

/** @returns the whole graph with the unit's learned values and chosen codes */
export async function learnUnit(unitLearning: UnitLearning, run: LearningRun): Promise<Graph> {
  const { options } = unitLearning;
  const step = unitStep(unitLearning);
  const batches = new UnitBatches(unitLearning, step, run.seed);
  const feeds = (iteration: number) => batches.feeds(iteration);
  const schedule = (iteration: number) => scheduleAt(options, iteration);
  return learn({ ...step, iterations: options.iterations, feeds, schedule }, run);
}

const learnedKinds = (options: ReconstructionOptions): ReadonlySet<LearnedKind> =>
  new Set((["rounding", "scale", "bias", "step"] as const).filter((kind) => options[`${kind}Rate`] > 0));

/** Rates and rounding penalty of an iteration, counted from 0. */
function scheduleAt(options: ReconstructionOptions, iteration: number): ReturnType<LearningTask["schedule"]> {
  const { iterations, warmup, beta, regularization } = options;
  const cosine = (learningRate: number) =>
    learningRateAt({ learningRate, schedule: { name: "cosine" } }, iteration, iterations);
  const rates: Rates = {
    rounding: options.roundingRate,
    scale: cosine(options.scaleRate),
    bias: cosine(options.biasRate),
    step: cosine(options.stepRate),
  };
  const start = warmup * iterations;
  const progress = iteration < start ? 0 : (iteration - start) / (iterations - start);
  return {
    rates,
    regularization: iteration < start ? 0 : regularization,
    beta: beta[0] + (beta[1] - beta[0]) * progress,
  };
}

/** Input, target and masks of each iteration, all derived from the seed, the unit and the iteration's number. */
class UnitBatches {
  readonly #input: Tensor;
  readonly #target: Tensor;
  readonly #pool: MaskPool | undefined;

  constructor(
    readonly learning: UnitLearning,
    readonly step: TimedStep,
    readonly seed: number,
  ) {
    const { options } = learning;
    const { learned, input, target } = step;
    this.#input = float32(new Float32Array(elementCount(input.shape)), input.shape);
    this.#target = float32(new Float32Array(elementCount(target)), target);
    const masked = learned.steps.flatMap(({ keep }) => (keep ? [elementCount(keep.shape)] : []));
    if (options.drop > 0)
      this.#pool = new MaskPool(seed, Math.max(this.#input.data.length, ...masked), 1 - options.drop);
  }

  feeds(iteration: number): Pick<LearnerStep, "feeds" | "target"> {
    const { unit, inputs, floatInputs, targets } = this.learning;
    const random = Random.derive(this.seed, "reconstruction", unit.name, iteration);
    const feeds: Record<string, Tensor> = { [unit.input]: this.#input };
    const mask = floatInputs && this.#pool?.mask(random, this.#input.data.length);
    for (let i = 0; i < this.step.target[0]!; i++) {
      const image = random.integer(inputs.count);
      const into = (this.#input.data as Float32Array).subarray(i * inputs.length, (i + 1) * inputs.length);
      if (mask) mix(into, floatInputs.row(image), inputs.row(image), mask.subarray(i * inputs.length));
      else into.set(inputs.row(image));
      (this.#target.data as Float32Array).set(targets.row(image), i * targets.length);
    }
    for (const { keep } of this.step.learned.steps)
      if (keep) feeds[keep.name] = float32(this.#pool!.mask(random, elementCount(keep.shape)), keep.shape);
    return { feeds, target: this.#target };
  }
}

/** `quantized` where the mask is 1, `float` where it is 0. */
function mix(into: Float32Array, float: Float32Array, quantized: Float32Array, mask: Float32Array): void {
  for (let i = 0; i < into.length; i++) into[i] = float[i]! + mask[i]! * (quantized[i]! - float[i]!);
}
