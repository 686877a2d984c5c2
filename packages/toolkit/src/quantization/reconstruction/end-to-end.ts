/**
 * @file The pass over the whole network after its blocks: weight scales, biases and activation steps learn to give the float
 * network's class probabilities, on the calibration images or on variations of them; codes do not change.
 *
 * Distillation as a loss of quantization: Liu et al. 2023, PD-Quant, arXiv:2212.07048.
 */

import { elementCount, expandForInference, float32, type Graph, inferTypes } from "@subbyte/graph";
import { Random } from "../../random.js";
import { createSession } from "../../runtime/session.js";
import { distillationLoss } from "../../training/losses/index.js";
import { learningRateAt } from "../../training/schedules.js";
import { rowShape } from "./activations.js";
import type { TimedStep } from "./effort.js";
import { type LearnedGraphOptions, learnedGraph } from "./learned-graph.js";
import { type LearningRun, learn } from "./loop.js";
import type { ReconstructionOptions } from "./options.js";
import type { Rows } from "./rows.js";
import { partOf } from "./subgraph.js";
import { drawVariation, type ImageShape } from "./variations.js";

export interface EndToEnd {
  /** The quantized graph with chosen codes. */
  readonly graph: Graph;
  readonly float: Graph;
  readonly images: Rows;
  readonly learnsStep: LearnedGraphOptions["learnsStep"];
  readonly options: ReconstructionOptions;
}

/** Largest number of pixels per step, because all activations of the network are in memory together. */
const PIXELS = 64 * 64 * 64;

/** The graph of one step of the pass, and the shapes of its inputs. */
export function endToEndStep({
  graph,
  learnsStep,
  options,
}: Pick<EndToEnd, "graph" | "learnsStep" | "options">): TimedStep {
  const { name: input } = graph.inputs[0]!;
  const output = graph.outputs[0]!;
  const type = inferTypes(graph).get(input)!;
  const part = partOf(graph, type, { name: "end to end", nodes: graph.nodes, input, outputs: [output] });
  const shape = rowShape(graph, input);
  const pixels = elementCount(shape.slice(1));
  const batchSize = Math.max(1, Math.min(options.endToEndBatchSize, Math.floor(PIXELS / pixels)));
  return {
    graph,
    learned: learnedGraph(part, { learn: new Set(["scale", "bias", "step"]), drop: false, batchSize, learnsStep }),
    loss: distillationLoss(options.temperature),
    input: { name: input, shape: [batchSize, ...shape] },
    target: [batchSize, ...rowShape(graph, output)],
  };
}

export async function learnEndToEnd(endToEnd: EndToEnd, run: LearningRun): Promise<Graph> {
  const { float, images, options } = endToEnd;
  const step = endToEndStep(endToEnd);
  const { name: input } = step.input;
  const [batchSize, ...shape] = step.input.shape as readonly [number, ...ImageShape];
  const { endToEnd: iterations, endToEndRate: learningRate } = options;
  const values = new Float32Array(batchSize * images.length);
  const batch = float32(values, step.input.shape);
  const draw = (random: Random, into: Float32Array) =>
    options.vary ? drawVariation(images, shape, random, into) : into.set(images.row(random.integer(images.count)));
  const teacher = await createSession(expandForInference(float), run.session);
  try {
    return await learn(
      {
        ...step,
        iterations,
        feeds: async (iteration) => {
          const random = Random.derive(run.seed, "end to end", iteration);
          for (let i = 0; i < batchSize; i++) draw(random, values.subarray(i * images.length, (i + 1) * images.length));
          const feeds = { [input]: batch };
          return { feeds, target: (await teacher.run(feeds))[float.outputs[0]!]! };
        },
        schedule: (iteration) => {
          const rate = learningRateAt({ learningRate, schedule: { name: "cosine" } }, iteration, iterations);
          return { rates: { rounding: 0, scale: rate, bias: rate, step: rate }, regularization: 0, beta: 1 };
        },
      },
      run,
    );
  } finally {
    await teacher.release();
  }
}
