/**
 * @file Measures how close a quantized network is to the float one, on training images that calibration did not use. Test
 * images are only for results.
 */

import { expandForInference, float32, type Graph, type Tensor } from "@subbyte/graph";
import { normalize } from "../data/normalize.js";
import type { Batch, ImageSet } from "../data/types.js";
import { isNearChance } from "../evaluation/chance.js";
import { argMax, crossEntropy } from "../evaluation/metrics.js";
import { percent } from "../percent.js";
import { createSession, type SessionOptions } from "../runtime/session.js";
import { batchSizeFor } from "./calibration.js";

/** Images and labels on which networks are compared. */
export interface CheckImages {
  /** `[N, C, H, W]`, normalized. */
  readonly batches: readonly Tensor[];
  readonly labels: Int32Array;
  /** Number of classes of the labels. */
  readonly classes: number;
  /** Whether none of the images was used for calibration. */
  readonly disjoint: boolean;
}

export interface CheckOptions {
  readonly seed: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Number of images that calibration takes: the first ones in the order of the same seed. */
  readonly calibrationImages: number;
  /** Largest number of images to check on. */
  readonly count?: number;
}

/** With this many images, the standard error of an agreement of 98 % is 0.4 points. */
export const CHECK_IMAGES = 1024;
/** If fewer images are left besides those of calibration, the calibration images are used. */
const LEAST_IMAGES = 100;

/** The options that choose the images on which networks are compared. */
export type CheckChoice = Pick<CheckOptions, "seed" | "calibrationImages" | "count">;

/** Whether enough images are left besides those of calibration. */
const leavesImages = (images: ImageSet, { calibrationImages, count = CHECK_IMAGES }: CheckChoice): boolean =>
  images.length - calibrationImages >= Math.min(LEAST_IMAGES, count);

/** The images after those of calibration, in the order of the seed, as bytes; each batch is valid until the next. */
export async function* checkBatches(images: ImageSet, choice: CheckChoice): AsyncIterable<Batch> {
  const { seed, calibrationImages, count = CHECK_IMAGES } = choice;
  const begin = leavesImages(images, choice) ? calibrationImages : 0;
  const end = Math.min(images.length, begin + count);
  const size = images.channels * images.height * images.width;
  let position = 0;
  for await (const batch of images.batches({ batchSize: batchSizeFor(images), shuffleSeed: seed })) {
    const from = Math.max(0, begin - position);
    const to = Math.min(batch.count, end - position);
    position += batch.count;
    if (to > from)
      yield {
        images: batch.images.subarray(from * size, to * size),
        labels: batch.labels.subarray(from, to),
        count: to - from,
      };
    if (position >= end) break;
  }
}

/** Reads the images of `checkBatches`, normalized. */
export async function checkImages(images: ImageSet, options: CheckOptions): Promise<CheckImages> {
  const { mean, std } = options;
  const { channels, height, width } = images;
  const batches: Tensor[] = [];
  const labels: number[] = [];
  for await (const batch of checkBatches(images, options)) {
    const data = normalize(batch.images, { channels, mean, std, pixels: height * width });
    batches.push(float32(data, [batch.count, channels, height, width]));
    labels.push(...batch.labels);
  }
  return {
    batches,
    labels: Int32Array.from(labels),
    classes: images.classes.length,
    disjoint: leavesImages(images, options),
  };
}

/** How close a network is to the float one. */
export interface Closeness {
  /** Share of images for which both choose the same class, 0…1. */
  readonly agreement: number;
  /** Mean Kullback–Leibler divergence of the class probabilities from those of the float network, in nats. */
  readonly divergence: number;
  /** Share of correct answers, 0…1; absent if the labels are not the network's classes. */
  readonly top1?: number;
}

/** The float network's answers to the images on which networks are compared. */
export interface FloatAnswers {
  /** Share of correct answers, 0…1. */
  readonly top1: number;
  readonly images: number;
  /** `confusion[label][predicted]`: number of images. */
  readonly confusion: readonly (readonly number[])[];
}

/** The float network's answers to the check images; other networks are compared with them. */
export class Check {
  readonly #float: Float32Array;
  readonly #classes: number;
  /** Whether accuracy decides. Agreement decides if the float network is near chance, or without labels. */
  readonly #judgesByLabels: boolean;
  /** Answers of the float network; absent if the labels are not its classes. */
  readonly floatAnswers: FloatAnswers | undefined;

  private constructor(
    readonly images: CheckImages,
    readonly options: SessionOptions,
    logits: Float32Array,
  ) {
    this.#float = logits;
    this.#classes = logits.length / Math.max(1, images.labels.length);
    this.floatAnswers = images.classes === this.#classes ? answersOf(logits, images) : undefined;
    const labels = new Set(images.labels).size;
    this.#judgesByLabels =
      this.floatAnswers !== undefined && !isNearChance(this.floatAnswers.top1, images.labels.length, labels);
  }

  /** Accuracy of the float network; absent if the labels are not its classes. */
  get floatTop1(): number | undefined {
    return this.floatAnswers?.top1;
  }

  /** The name of the measure that `drop` uses. */
  get criterion(): string {
    return this.#judgesByLabels ? "loss of accuracy" : "disagreement with float";
  }

  /** Runs the float network once; later networks are compared with its logits. */
  static async of(float: Graph, images: CheckImages, options: SessionOptions = {}): Promise<Check> {
    return new Check(images, options, await logitsOf(float, images, options));
  }

  /**
   * Runs a network on the same images and compares it with the float network.
   *
   * @param graph with or without FakeQuant nodes
   */
  async measure(graph: Graph): Promise<Closeness> {
    return this.compare(await logitsOf(graph, this.images, this.options));
  }

  /**
   * Compares the logits of a quantized network with those of the float network.
   *
   * @param logits of all images, `[N, classes]`
   */
  compare(logits: Float32Array): Closeness {
    const count = this.images.labels.length;
    const classes = this.#classes;
    let same = 0;
    let divergence = 0;
    for (let i = 0; i < count; i++) {
      const offset = i * classes;
      if (argMax(logits, offset, classes) === argMax(this.#float, offset, classes)) same++;
      for (let c = 0; c < classes; c++) {
        const own = crossEntropy(this.#float, offset, classes, c);
        divergence += Math.exp(-own) * (crossEntropy(logits, offset, classes, c) - own);
      }
    }
    return {
      agreement: same / count,
      divergence: divergence / count,
      ...(this.floatAnswers ? { top1: answersOf(logits, this.images).top1 } : {}),
    };
  }

  /** Accuracy lost, in percentage points; without labels, or if the float network is near chance, 100 minus the agreement. */
  drop({ agreement, top1 }: Closeness): number {
    return 100 * (this.#judgesByLabels ? this.floatTop1! - top1! : 1 - agreement);
  }

  /** Whether less than half of the float network's accuracy is left. */
  collapsed({ agreement, top1 }: Closeness): boolean {
    return this.#judgesByLabels ? top1! < this.floatTop1! / 2 : agreement < 0.5;
  }

  /** `accuracy 91.20 % (float 91.73 %), agreement 98.30 %`. */
  describe({ agreement, top1 }: Closeness): string {
    const accuracy = top1 === undefined ? "" : `accuracy ${percent(top1)} (float ${percent(this.floatTop1!)}), `;
    return `${accuracy}agreement with float ${percent(agreement)}`;
  }
}

function answersOf(logits: Float32Array, { labels, classes }: CheckImages): FloatAnswers {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let correct = 0;
  labels.forEach((label, i) => {
    const predicted = argMax(logits, i * classes, classes);
    if (predicted === label) correct++;
    confusion[label]![predicted]!++;
  });
  return { top1: correct / labels.length, images: labels.length, confusion };
}

/** Concatenates arrays. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

async function logitsOf(graph: Graph, images: CheckImages, options: SessionOptions): Promise<Float32Array> {
  const session = await createSession(expandForInference(graph), options);
  try {
    const parts: Float32Array[] = [];
    for (const batch of images.batches) {
      const results = await session.run({ [graph.inputs[0]!.name]: batch }, [session.outputs[0]!]);
      parts.push(results[session.outputs[0]!]!.data as Float32Array);
    }
    return joined(parts);
  } finally {
    await session.release();
  }
}
