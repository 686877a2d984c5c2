/** @file A model ready to answer: the engine's front door. */

import { InputError } from "./errors.js";
import { type CheckOptions, memoryRequirement } from "./format/check.js";
import type { Program } from "./format/program.js";
import { readSbq } from "./format/reader.js";
import { multiplyAdds } from "./operators/index.js";
import { preprocess } from "./preprocess/preprocess.js";
import type { RawImage } from "./preprocess/resize.js";
import { createReference } from "./reference/reference.js";

export interface ClassifyOptions {
  /** How many classes to return, 5 by default. */
  readonly topK?: number;
}

export interface Prediction {
  readonly index: number;
  /** The class's name, where the file has names. */
  readonly label?: string;
  /** Softmax of the logits, in [0, 1]. */
  readonly probability: number;
}

export interface Model {
  readonly program: Program;
  /**
   * Logits `[count, classes]` of images that already have the network's size, bytes `[count, H, W, C]`.
   * @throws {InputError} where their length does not fit.
   */
  run(images: Uint8Array, count?: number): Float32Array;
  /**
   * The likeliest classes of one decoded image of any size that the file's preprocessing takes, best first; equal logits
   * rank by index.
   * @throws {InputError}
   */
  classify(image: RawImage, options?: ClassifyOptions): Prediction[];
  /** A few lines for people: name, sizes, memory, origin. */
  describe(): string;
}

/**
 * Reads a `.sbq` file and prepares it.
 * @throws {FormatError} where the file is damaged, hostile or too large.
 */
export function loadModel(file: Uint8Array | ArrayBuffer, options: CheckOptions = {}): Model {
  const program = readSbq(file instanceof Uint8Array ? file : new Uint8Array(file), options);
  const reference = createReference(program, options);
  return {
    program,
    run: (images, count) => reference.run(images, count),
    classify: (image, { topK = 5 } = {}) =>
      rank(reference.run(preprocess(image, program.preprocessing)), topK, program.labels),
    describe: () => describe(program),
  };
}

/** Softmax in float64, shifted by the largest logit so that nothing overflows. */
export function softmax(logits: Float32Array): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

function rank(logits: Float32Array, topK: number, labels: readonly string[] | undefined): Prediction[] {
  if (!(Number.isInteger(topK) && topK >= 1)) throw new InputError(`topK must be a positive integer, is ${topK}`);
  const probabilities = softmax(logits);
  const order = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
  return order.slice(0, topK).map((index) => ({
    index,
    ...(labels === undefined ? {} : { label: labels[index]! }),
    probability: probabilities[index]!,
  }));
}

/** Three digits, small networks too. */
const millions = (count: number): string => String(Number((count / 1e6).toPrecision(3)));

function describe(program: Program): string {
  const { name, preprocessing, classes, operators, provenance } = program;
  const { channels, height, width } = preprocessing;
  const weighted = operators.filter((op) => "weights" in op);
  const weights = weighted.reduce((sum, op) => sum + op.weights.codes.length, 0);
  const bits = weighted.reduce((sum, op) => sum + op.weights.codes.length * op.weights.bits, 0);
  const { total } = memoryRequirement(program);
  return [
    `${name}: ${channels} × ${height} × ${width} bytes to ${classes} classes`,
    `${operators.length} operators, ${millions(multiplyAdds(program))} million multiply-adds an image`,
    `${weights} weights at ${(bits / Math.max(weights, 1)).toFixed(2)} bits on average, ${millions(total)} MB of memory`,
    ...Object.entries(provenance.accuracy ?? {}).map(([set, top1]) => `top-1 ${(100 * top1).toFixed(2)} % on ${set}`),
  ].join("\n");
}
