/** @file How fast training is: whole steps, from normalized images to updated parameters. */

import { buildModel } from "../models/registry.js";
import { Random } from "../random.js";
import { buildTrainingStep } from "../training/classifier-step.js";
import { type NetworkChoice, networkKey } from "./comparison.js";
import { floatBatch, smoothImages } from "./network.js";
import { median } from "./statistics.js";

export interface TrainingBench {
  /** Such as `"resnet18-32"`. */
  readonly network: string;
  readonly batchSize: number;
  readonly threads?: number;
  /** Steps that were measured. */
  readonly steps: number;
  /** Median of a step. */
  readonly milliseconds: number;
  /** At the median step. */
  readonly imagesPerSecond: number;
}

export interface TrainingBenchOptions {
  readonly batchSize: number;
  readonly steps: number;
  readonly seed: number;
  /** All cores by default. */
  readonly threads?: number;
  readonly onStep?: (done: number) => void;
  readonly signal?: AbortSignal;
}

const CLASSES = 10;
/** Steps before the clock counts: memory is taken, the plan of the graph's memory is made. */
const WARM_UP_STEPS = 2;

/** SGD with momentum on random images; what they show does not change the time. */
export async function benchTraining(choice: NetworkChoice, options: TrainingBenchOptions): Promise<TrainingBench> {
  const { batchSize, steps, seed, threads, onStep, signal } = options;
  const { architecture, size } = choice;
  const graph = buildModel(architecture, { classes: CLASSES, size, channels: 3, seed });
  const images = floatBatch(smoothImages(seed, batchSize, size), size);
  const random = Random.derive(seed, "bench labels");
  const labels = Int32Array.from({ length: batchSize }, () => random.integer(CLASSES));
  const step = await buildTrainingStep(graph, {
    batchSize,
    optimizer: { name: "sgd", momentum: 0.9 },
    ...(threads === undefined ? {} : { session: { threads } }),
  });
  const times: number[] = [];
  try {
    for (let t = 1; t <= WARM_UP_STEPS + steps; t++) {
      signal?.throwIfAborted();
      const start = performance.now();
      await step.run({ images, labels }, 0.01, t);
      if (t > WARM_UP_STEPS) times.push(performance.now() - start);
      onStep?.(Math.max(0, t - WARM_UP_STEPS));
    }
  } finally {
    await step.release();
  }
  const milliseconds = median(times);
  return {
    network: networkKey(choice),
    batchSize,
    ...(threads === undefined ? {} : { threads }),
    steps,
    milliseconds,
    imagesPerSecond: (1000 * batchSize) / milliseconds,
  };
}
