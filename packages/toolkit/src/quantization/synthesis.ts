/**
 * @file Makes calibration images without data. Gradient descent changes noise until, before every batch normalization,
 * the mean and standard deviation of each channel equal those that the network has stored from its training images.
 *
 * Source: Cai et al. 2020, ZeroQ, arXiv:2001.00281, §3.1; horizontal flips as augmentation as in Yin et al. 2020, DeepInversion,
 * arXiv:1912.08795.
 */

import {
  expandForTraining,
  float32,
  type Graph,
  GraphBuilder,
  gradients,
  ModelError,
  removeDeadNodes,
  type Tensor,
} from "@subbyte/graph";
import { MemoryImageSet } from "../data/image-set.js";
import { Random } from "../random.js";
import { type RuntimeOptions, runtimeOptions } from "../runtime/runtime-options.js";
import { createSession, type Session } from "../runtime/session.js";
import { mirrored } from "./mirror.js";

/** Options of `synthesizeImages`. */
export interface SynthesisOptions extends RuntimeOptions {
  readonly seed: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Number of images; 128 by default. */
  readonly images?: number;
  /** Steps of Adam; 120 by default. */
  readonly iterations?: number;
  /** Called after each step with the steps so far and the loss. */
  readonly onProgress?: (iteration: number, of: number, loss: number) => void;
  readonly signal?: AbortSignal;
}

/** Synthetic calibration images, and how well they match the statistics of the network. */
export interface Synthesis {
  /** The images, without classes, because their content is unknown. */
  readonly images: MemoryImageSet;
  /** Relative squared error of the statistics, over all batch normalizations, at the start and at the end. */
  readonly firstLoss: number;
  readonly lastLoss: number;
}

const IMAGES = 128;
const ITERATIONS = 120;
/** Initial learning rate, in units of normalized pixels; it decreases to 0 along a half cosine. */
const LEARNING_RATE = 0.1;
/** Number of times that the initial noise is blurred by a 3 × 3 mean, because photographs are smooth. */
const BLURS = 2;

/**
 * @param graph a float network with BatchNormalization nodes and one input `[N, C, H, W]`
 * @throws {ModelError} if the network has no (unfolded) batch normalization, or an operator without gradient; the reason of
 * `options.signal` if it fires
 */
export async function synthesizeImages(graph: Graph, options: SynthesisOptions): Promise<Synthesis> {
  const { seed, mean, std, images: count = IMAGES, iterations = ITERATIONS } = options;
  const input = graph.inputs[0]!;
  const shape = [count, ...(input.shape ?? []).slice(1)] as readonly number[];
  const [, channels, height, width] = shape as readonly [number, number, number, number];
  const session = await createSession(statisticsLoss(graph), runtimeOptions(options));
  try {
    const images = blurredNoise(shape, seed);
    const [low, high] = [0, 1].map((byte) => mean.map((m, c) => (byte - m) / std[c]!)) as [number[], number[]];
    const adam = new Adam(images.length);
    let firstLoss = Number.NaN;
    let lastLoss = Number.NaN;
    for (let i = 0; i < iterations; i++) {
      options.signal?.throwIfAborted();
      const flip = i % 2 === 1;
      const fed = float32(flip ? mirrored(images, width) : images.slice(), shape);
      const { loss, gradient } = await evaluate(session, input.name, fed);
      if (i === 0) firstLoss = loss;
      lastLoss = loss;
      const rate = (LEARNING_RATE * (1 + Math.cos((Math.PI * i) / iterations))) / 2;
      adam.step(images, flip ? mirrored(gradient, width) : gradient, rate);
      clip(images, low, high, height * width);
      options.onProgress?.(i + 1, iterations, loss);
    }
    return { images: asImageSet(images, { count, channels, height, width, mean, std }), firstLoss, lastLoss };
  } finally {
    await session.release();
  }
}

/** The graph of the loss `Σ ‖m − μ‖² / ‖μ‖² + ‖s − σ‖² / ‖σ‖²` over all batch normalizations, with its gradient for the images. */
function statisticsLoss(graph: Graph): Graph {
  const norms = graph.nodes.filter(({ op, domain }) => op === "BatchNormalization" && domain === "");
  if (norms.length === 0)
    throw new ModelError(
      "no-batch-norm",
      { graph: graph.name },
      `"${graph.name}" has no batch normalization from whose statistics images could be made (ONNX files are often ` +
        "exported with it folded away). Give the checkpoint with `arch`, or images with `data`.",
    );
  const b = new GraphBuilder(`${graph.name} statistics`, graph);
  const axes = b.ints([0, 2, 3]);
  const meanOf = (value: string) => b.op("ReduceMean", [value, axes], { keepdims: 0 });
  const terms = norms.flatMap((norm) => {
    const [x, , , runningMean, runningVariance] = norm.inputs as [string, string, string, string, string];
    const epsilon = Number(norm.attributes.epsilon ?? 1e-5);
    const mu = graph.tensors.get(runningMean)!.data as Float32Array;
    const sigma = (graph.tensors.get(runningVariance)!.data as Float32Array).map((v) => Math.sqrt(v + epsilon));
    const m = meanOf(x);
    const variance = b.op("Sub", [meanOf(b.op("Mul", [x, x])), b.op("Mul", [m, m])]);
    // Rounding may leave a variance of almost zero below it.
    const s = b.op("Sqrt", [b.op("Add", [b.op("Relu", [variance]), b.scalar(epsilon)])]);
    return [relativeError(b, m, mu), relativeError(b, s, sigma)];
  });
  const loss = terms.reduce((sum, term) => b.op("Add", [sum, term]));
  b.setOutputs([loss]);
  return expandForTraining(
    gradients(removeDeadNodes.run(b.build()), { loss, parameters: [graph.inputs[0]!.name] }).graph,
  );
}

/** ‖value − target‖² / ‖target‖². */
function relativeError(b: GraphBuilder, value: string, target: Float32Array): string {
  const power = target.reduce((sum, t) => sum + t * t, 0);
  const error = b.op("Sub", [value, b.constant(float32(target))]);
  const sum = b.op("ReduceSum", [b.op("Mul", [error, error])], { keepdims: 0 });
  return b.op("Mul", [sum, b.scalar(1 / Math.max(power, 1e-12))]);
}

async function evaluate(session: Session, input: string, images: Tensor) {
  const [loss, gradient] = session.outputs as [string, string];
  const results = await session.run({ [input]: images });
  return { loss: (results[loss]!.data as Float32Array)[0]!, gradient: results[gradient]!.data as Float32Array };
}

/** Adam (Kingma and Ba 2015, arXiv:1412.6980) with its usual averages. */
class Adam {
  readonly #first: Float32Array;
  readonly #second: Float32Array;
  #steps = 0;

  constructor(size: number) {
    this.#first = new Float32Array(size);
    this.#second = new Float32Array(size);
  }

  step(values: Float32Array, gradient: Float32Array, rate: number): void {
    this.#steps++;
    const first = this.#first;
    const second = this.#second;
    const scale = rate / (1 - 0.9 ** this.#steps);
    const unbias = 1 / (1 - 0.999 ** this.#steps);
    for (let i = 0; i < values.length; i++) {
      const g = gradient[i]!;
      first[i] = 0.9 * first[i]! + 0.1 * g;
      second[i] = 0.999 * second[i]! + 0.001 * g * g;
      values[i] = values[i]! - (scale * first[i]!) / (Math.sqrt(second[i]! * unbias) + 1e-8);
    }
  }
}

/** Smooth noise of mean 0 and deviation 1, `[N, C, H, W]`. */
function blurredNoise(shape: readonly number[], seed: number): Float32Array {
  const random = Random.derive(seed, "synthesis");
  const [images, channels, height, width] = shape as readonly [number, number, number, number];
  const noise = Float32Array.from({ length: images * channels * height * width }, () => random.normal());
  const size = height * width;
  for (let plane = 0; plane < images * channels; plane++) {
    const pixels = noise.subarray(plane * size, (plane + 1) * size);
    for (let i = 0; i < BLURS; i++) blur(pixels, height, width);
  }
  let squares = 0;
  for (const value of noise) squares += value * value;
  const deviation = Math.sqrt(squares / noise.length);
  return noise.map((value) => value / deviation);
}

function blur(pixels: Float32Array, height: number, width: number): void {
  const source = pixels.slice();
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let dy = -1; dy <= 1; dy++)
        for (let dx = -1; dx <= 1; dx++)
          sum += source[((y + dy + height) % height) * width + ((x + dx + width) % width)]!;
      pixels[y * width + x] = sum / 9;
    }
}

function clip(values: Float32Array, low: readonly number[], high: readonly number[], plane: number): void {
  for (let i = 0; i < values.length; i++) {
    const c = Math.floor(i / plane) % low.length;
    values[i] = Math.min(high[c]!, Math.max(low[c]!, values[i]!));
  }
}

interface Layout extends Pick<SynthesisOptions, "mean" | "std"> {
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** The images as bytes, the form in which networks get images in the end. */
function asImageSet(values: Float32Array, { count, channels, height, width, mean, std }: Layout): MemoryImageSet {
  const plane = height * width;
  const pixels = new Uint8Array(values.length);
  for (let n = 0; n < count; n++)
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < plane; i++) {
        const value = values[(n * channels + c) * plane + i]! * std[c]! + mean[c]!;
        pixels[(n * plane + i) * channels + c] = Math.round(255 * Math.min(1, Math.max(0, value)));
      }
  return new MemoryImageSet({
    name: "images from batch-norm statistics",
    split: "train",
    classes: [],
    channels: channels as 1 | 3,
    storedHeight: height,
    storedWidth: width,
    labels: new Int32Array(count),
    pixels,
    notes: [],
  });
}
