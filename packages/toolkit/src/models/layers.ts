/**
 * @file The layers of models: each call adds one module's nodes and its newly initialised parameters, under the names that a
 * PyTorch module at the same path would have.
 */

import { elementCount, float32, type Graph, GraphBuilder } from "@subbyte/graph";
import { Random } from "../random.js";

/** A value of the network `[N, channels, height, width]`, or `[N, channels]` once flattened. */
export interface Feature {
  readonly value: string;
  readonly channels: number;
}

export interface ConvOptions {
  /** Output channels. */
  readonly out: number;
  /** Side of the square kernel, an odd number. Padding is half of it, so stride 1 keeps the size. */
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
}

/** Slicing "to the end", as PyTorch exports it: the largest int64 would do too, but not as a JavaScript number. */
const TO_END = 2 ** 31 - 1;

export class Layers {
  readonly #builder: GraphBuilder;
  readonly #seed: number | undefined;

  /**
   * @param seed every weight is drawn from the stream (seed, its name), independent of the rest of the model; without a seed,
   * weights are zero
   */
  constructor(name: string, seed: number | undefined) {
    this.#builder = new GraphBuilder(name);
    this.#seed = seed;
  }

  /** The input: images `[N, channels, size, size]`, float32. */
  input(channels: number, size: number): Feature {
    return { value: this.#builder.input("input", "float32", ["N", channels, size, size]), channels };
  }

  /** Convolution without bias; weights from He et al. 2015 (arXiv:1502.01852), normal, by fan-out, as in torchvision. */
  conv(path: string, x: Feature, { out, kernel, stride = 1, groups = 1 }: ConvOptions): Feature {
    const shape = [out, x.channels / groups, kernel, kernel];
    const deviation = Math.sqrt(2 / (out * kernel * kernel));
    const weight = this.#draw(`${path}.weight`, shape, (random) => random.normal(0, deviation));
    const padding = (kernel - 1) / 2;
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
      dilations: [1, 1],
      group: groups,
    };
    return { value: this.#builder.op("Conv", [x.value, weight], attributes, { name: path }), channels: out };
  }

  /** Batch normalization in inference form, as the identity up to ε. */
  batchNorm(path: string, x: Feature): Feature {
    const vector = (name: string, value: number) =>
      this.#builder.constant(float32(new Float32Array(x.channels).fill(value)), `${path}.${name}`);
    const parameters = [vector("weight", 1), vector("bias", 0), vector("running_mean", 0), vector("running_var", 1)];
    return this.#apply("BatchNormalization", path, x, parameters, { epsilon: 1e-5, momentum: 0.9 });
  }

  relu(path: string, x: Feature): Feature {
    return this.#apply("Relu", path, x);
  }

  /** min(max(x, 0), 6) */
  relu6(path: string, x: Feature): Feature {
    const bound = (name: string, value: number) => (this.#builder.has(name) ? name : this.#builder.scalar(value, name));
    return this.#apply("Clip", path, x, [bound("relu6.min", 0), bound("relu6.max", 6)]);
  }

  /** Halves both sides, rounded up: 3 × 3, stride 2, padding 1. */
  maxPool(path: string, x: Feature): Feature {
    const attributes = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
    return this.#apply("MaxPool", path, x, [], attributes);
  }

  add(path: string, x: Feature, y: Feature): Feature {
    return this.#apply("Add", path, x, [y.value]);
  }

  /** Every second row and column, starting with the first: `x[:, :, ::2, ::2]`. */
  subsample(path: string, x: Feature): Feature {
    const ints = (name: string, values: number[]) => this.#builder.ints(values, `${path}.${name}`);
    const bounds = [
      ints("starts", [0, 0]),
      ints("ends", [TO_END, TO_END]),
      ints("axes", [2, 3]),
      ints("steps", [2, 2]),
    ];
    return this.#apply("Slice", path, x, bounds);
  }

  /** Adds channels of zeros up to `channels`, as many before as after. */
  padChannels(path: string, x: Feature, channels: number): Feature {
    const extra = (channels - x.channels) / 2;
    const pads = this.#builder.ints([0, extra, 0, 0, 0, extra, 0, 0], `${path}.pads`);
    return { ...this.#apply("Pad", path, x, [pads], { mode: "constant" }), channels };
  }

  /** Average over the image, then `[N, channels]`. */
  globalAveragePool(x: Feature): Feature {
    return this.#apply("Flatten", "flatten", this.#apply("GlobalAveragePool", "avgpool", x), [], { axis: 1 });
  }

  /** The last layer: `logits = x·Wᵀ + b`, initialised uniformly within ±1/√(fan-in) like PyTorch's `Linear`. */
  classifier(path: string, x: Feature, classes: number): void {
    const bound = 1 / Math.sqrt(x.channels);
    const draw = (random: Random) => random.uniform(-bound, bound);
    const weight = this.#draw(`${path}.weight`, [classes, x.channels], draw);
    const bias = this.#draw(`${path}.bias`, [classes], draw);
    const options = { name: path, outputs: ["logits"] };
    this.#builder.output(this.#builder.op("Gemm", [x.value, weight, bias], { transB: 1 }, options));
  }

  build(): Graph {
    return this.#builder.build();
  }

  #apply(
    op: string,
    path: string,
    x: Feature,
    others: readonly string[] = [],
    attributes: Parameters<GraphBuilder["op"]>[2] = {},
  ): Feature {
    return { ...x, value: this.#builder.op(op, [x.value, ...others], attributes, { name: path }) };
  }

  #draw(name: string, shape: readonly number[], next: (random: Random) => number): string {
    const values = new Float32Array(elementCount(shape));
    if (this.#seed !== undefined) {
      const random = Random.derive(this.#seed, name);
      for (let i = 0; i < values.length; i++) values[i] = next(random);
    }
    return this.#builder.constant(float32(values, shape), name);
  }
}
