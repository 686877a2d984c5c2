/**
 * @file The pass over the whole network after its blocks: weight scales, biases and activation steps learn to give the float
 * network's class probabilities; codes stay as they are.
 *
 *   loss = T²·KL(softmax(float/T) ‖ softmax(quantized/T)), mean over images, up to a constant
 *
 * Source: Hinton et al. 2015, arXiv:1503.02531, §2 (the temperature and its square); as a loss of quantization: Liu et al. 2023,
 * PD-Quant, arXiv:2212.07048.
 */

import { elementCount, float32, type Graph, inferTypes, type Tensor } from "@subbyte/graph";
import { Random } from "../../random.js";
import { learningRateAt } from "../../training/schedules.js";
import { rowShape } from "./activations.js";
import { type LearnedGraphOptions, learnedGraph } from "./learned-graph.js";
import { type Loss, TARGET } from "./learner.js";
import { type LearningRun, learn } from "./loop.js";
import type { ReconstructionOptions } from "./options.js";
import type { Rows } from "./rows.js";
import { partOf } from "./subgraph.js";

/** Cross-entropy of softened distributions; `target` holds the float network's logits. */
export const softenedCrossEntropy =
  (temperature: number): Loss =>
  (g, output, target, [batch]) => {
    const softened = (logits: string) => g.op("Mul", [logits, g.scalar(1 / temperature)]);
    const probabilities = g.op("Softmax", [softened(target)], { axis: 1 });
    const logarithms = g.op("LogSoftmax", [softened(output)], { axis: 1 });
    const sum = g.op("ReduceSum", [g.op("Mul", [probabilities, logarithms])], { keepdims: 0 });
    return g.op("Mul", [sum, g.scalar(-(temperature ** 2) / batch!)]);
  };

export interface EndToEnd {
  /** Quantized, codes chosen. */
  readonly graph: Graph;
  readonly images: Rows;
  /** The float network's. */
  readonly logits: Rows;
  readonly learnsStep: LearnedGraphOptions["learnsStep"];
  readonly options: ReconstructionOptions;
}

export function learnEndToEnd({ graph, images, logits, learnsStep, options }: EndToEnd, run: LearningRun) {
  const input = graph.inputs[0]!.name;
  const output = graph.outputs[0]!;
  const { endToEnd: iterations, endToEndBatchSize: batchSize, endToEndRate, temperature } = options;
  const type = inferTypes(graph).get(input)!;
  const part = partOf(graph, type, { name: "end to end", nodes: graph.nodes, input, outputs: [output] });
  const learned = learnedGraph(part, {
    learn: new Set(["scale", "bias", "step"]),
    drop: false,
    batchSize,
    learnsStep,
  });
  const batch = (value: string): Tensor => {
    const shape = [batchSize, ...rowShape(graph, value)];
    return float32(new Float32Array(elementCount(shape)), shape);
  };
  const feeds = { [input]: batch(input), [TARGET]: batch(output) };
  return learn(
    {
      graph,
      learned,
      loss: softenedCrossEntropy(temperature),
      iterations,
      feeds: (iteration) => {
        const random = Random.derive(run.seed, "end to end", iteration);
        for (let i = 0; i < batchSize; i++) {
          const image = random.integer(images.count);
          (feeds[input]!.data as Float32Array).set(images.row(image), i * images.length);
          (feeds[TARGET]!.data as Float32Array).set(logits.row(image), i * logits.length);
        }
        return feeds;
      },
      schedule: (iteration) => {
        const rate = learningRateAt(
          { learningRate: endToEndRate, schedule: { name: "cosine" } },
          iteration,
          iterations,
        );
        return { rates: { rounding: 0, scale: rate, bias: rate, step: rate }, regularization: 0, beta: 1 };
      },
    },
    run,
  );
}
