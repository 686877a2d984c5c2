/**
 * @file Widths of single channels. The channels of a layer's input share one scale, but where a channel's values are small its high
 * codes stay unused: it needs fewer bits, and gives them to channels that need more. So a layer has the finer step of a wider grid
 * at the same number of bits on average.
 *
 * A channel's error counts as much as the layer's weights carry of it into the output: the sum of their squares. Bits are best spent
 * where all channels pay the same price for the last one.
 *
 * Source: Shoham and Gersho 1988, "Efficient bit allocation for an arbitrary set of quantizers". Widths finer
 * than a layer's: Lou et al. 2020, AutoQ, arXiv:1902.05690, where reinforcement learning finds those of kernels.
 */

import type { Node, Tensor } from "@subbyte/graph";
import { Random } from "../../random.js";
import { EXPECTED_IMAGES } from "./layer-inputs.js";

/** Values a channel. */
const SAMPLES = 2048;
/** Widest code of a channel; with 0 bits it is always 0. */
const MOST_BITS = 8;
/** Steps tried, in equal ratios between the largest value over 2^8 and over 2. */
const STEPS = 64;

/** Sampled values of each channel of a layer's input. */
export class ChannelSamples {
  /** `[channels, SAMPLES]`, of which `count` are filled. */
  #values: Float32Array | undefined;
  count = 0;
  channels = 0;
  /** Whether a value below 0 was seen: such inputs have a zero point, and no widths for channels. */
  negative = false;
  readonly #perImage: number;
  readonly #random: Random;

  /** @param images expected number of images; samples are spread evenly over them */
  constructor(name: string, images = EXPECTED_IMAGES, seed = 0) {
    this.#perImage = Math.ceil(SAMPLES / images);
    this.#random = Random.derive(seed, "channels", name);
  }

  /** Takes its share of a batch `[N, C, …]`: all channels at the same places. */
  add({ shape, data }: Tensor): void {
    const [images, channels] = shape as readonly [number, number];
    const pixels = data.length / (images * channels);
    this.#values ??= new Float32Array(channels * SAMPLES);
    this.channels = channels;
    for (let n = 0; n < images; n++)
      for (let i = 0; i < this.#perImage && this.count < SAMPLES; i++, this.count++) {
        const pixel = this.#random.integer(pixels);
        for (let c = 0; c < channels; c++) {
          const value = Number(data[(n * channels + c) * pixels + pixel]);
          if (value < 0) this.negative = true;
          this.#values[c * SAMPLES + this.count] = value;
        }
      }
  }

  channel(c: number): Float32Array {
    return this.#values!.subarray(c * SAMPLES, c * SAMPLES + this.count);
  }
}

/** How much of each input channel's error a layer's weights `[O, I / groups, kh, kw]` carry on: Σw². */
export function channelImportance(layer: Node, weights: Tensor): Float64Array {
  const groups = layer.op === "Conv" ? Number(layer.attributes.group ?? 1) : 1;
  const [outputs, perGroup] = weights.shape as readonly [number, number];
  const kernel = weights.data.length / (outputs * perGroup);
  const importance = new Float64Array(perGroup * groups);
  let i = 0;
  for (let o = 0; o < outputs; o++) {
    const first = Math.floor(o / (outputs / groups)) * perGroup;
    for (let c = 0; c < perGroup; c++)
      for (let k = 0; k < kernel; k++, i++) importance[first + c]! += Number(weights.data[i]) ** 2;
  }
  return importance;
}

/** Mean squared errors of a channel at one step, for each width from 0 bits on. */
function errorsByWidth(values: Float32Array, step: number): Float64Array {
  const errors = new Float64Array(MOST_BITS + 1);
  const inverse = 1 / step;
  for (const x of values) {
    if (x === 0) continue;
    const code = Math.round(x * inverse);
    for (let bits = 0; bits <= MOST_BITS; bits++) {
      const error = x - step * Math.min(code, 2 ** bits - 1);
      errors[bits]! += error * error;
    }
  }
  return errors.map((sum) => sum / values.length);
}

/** The errors of all channels at all steps, weighted, from which widths are chosen. */
export class ChannelErrors {
  readonly #steps: readonly number[];
  /** By step, then channel, then bits. */
  readonly #errors: readonly (readonly Float64Array[])[];

  constructor(samples: ChannelSamples, importance: Float64Array) {
    this.#steps = stepsFor(samples);
    this.#errors = this.#steps.map((step) =>
      Array.from({ length: samples.channels }, (_, c) =>
        errorsByWidth(samples.channel(c), step).map((error) => error * importance[c]!),
      ),
    );
  }

  /** The widths of least error with at most `meanBits` on average. */
  within(meanBits: number): ChannelWidths {
    let best: readonly number[] = [];
    let least = Number.POSITIVE_INFINITY;
    for (const errors of this.#errors) {
      const widths = widthsWithin(errors, meanBits);
      const error = errors.reduce((sum, channel, c) => sum + channel[widths[c]!]!, 0);
      if (error < least) [best, least] = [widths, error];
    }
    return { widths: best, error: least };
  }

  /** The error with one width, 0 … 8, for all channels. */
  uniform(bits: number): number {
    const sums = this.#errors.map((errors) => errors.reduce((sum, channel) => sum + channel[bits]!, 0));
    return Math.min(...sums);
  }
}

/** Widths of an input's channels. */
export interface ChannelWidths {
  readonly widths: readonly number[];
  /** Sum over the channels of mean squared errors times importance. */
  readonly error: number;
}

/** Halvings of the interval in which the price of a bit is sought. */
const HALVINGS = 30;

/** Each channel's best width at the lowest price of a bit for which the mean is kept. */
function widthsWithin(errors: readonly Float64Array[], meanBits: number): readonly number[] {
  const most = meanBits * errors.length;
  const atPrice = (price: number) => errors.map((channel) => cheapest(channel, price));
  let low = 0;
  let high = errors.reduce((largest, [none]) => Math.max(largest, none!), Number.MIN_VALUE);
  for (let i = 0; i < HALVINGS; i++) {
    const price = (low + high) / 2;
    if (atPrice(price).reduce((sum, bits) => sum + bits, 0) > most) low = price;
    else high = price;
  }
  return atPrice(high);
}

function cheapest(errors: Float64Array, price: number): number {
  let best = 0;
  for (let bits = 1; bits < errors.length; bits++)
    if (errors[bits]! + price * bits < errors[best]! + price * best) best = bits;
  return best;
}

/** The step of least error for channels of given widths; 1 where all values are 0. */
export function channelStep(samples: ChannelSamples, importance: Float64Array, channelBits: readonly number[]): number {
  let best = 1;
  let least = Number.POSITIVE_INFINITY;
  for (const step of stepsFor(samples, FINE_STEPS)) {
    let error = 0;
    for (let c = 0; c < samples.channels && error < least; c++)
      error += importance[c]! * squaredError(samples.channel(c), step, 2 ** channelBits[c]! - 1);
    if (error < least) [best, least] = [step, error];
  }
  return best;
}

const FINE_STEPS = 256;

function squaredError(values: Float32Array, step: number, highest: number): number {
  const inverse = 1 / step;
  let sum = 0;
  for (const x of values) {
    const error = x - step * Math.min(Math.round(x * inverse), highest);
    sum += error * error;
  }
  return sum;
}

function stepsFor(samples: ChannelSamples, count = STEPS): readonly number[] {
  let largest = 0;
  for (let c = 0; c < samples.channels; c++) for (const x of samples.channel(c)) largest = Math.max(largest, x);
  if (largest === 0) return [1];
  return Array.from({ length: count }, (_, i) => Math.fround(largest / 2 ** (1 + (7 * (count - 1 - i)) / (count - 1))));
}
