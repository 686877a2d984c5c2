/**
 * @file Samples of a layer's input: a fixed number of patches (columns of im2col, or rows of a linear layer's input). They
 * serve to measure the error that rounded weights cause in the layer's output.
 */

import { type Graph, ModelError, type Node, type Tensor } from "@subbyte/graph";
import { convAttributes } from "../../lowering/attributes.js";
import { Random } from "../../random.js";

/**
 * Patches per layer. This suffices to measure errors; solving for the weights of a channel (576 to 4608 at most) would need
 * several patches per weight.
 */
const PATCHES = 2048;

/** Usual number of calibration images, used if their number is not known; it determines how many samples each image gives. */
const EXPECTED_IMAGES = 1024;

export class PatchSampler {
  /** `[rows, groups · size]` row-major, a patch's elements in the order of the weights' [inputs / groups, kh, kw]. */
  readonly data: Float32Array;
  /** Number of weights per output channel. */
  readonly size: number;
  readonly groups: number;
  rows = 0;
  readonly #perImage: number;
  readonly #random: Random;

  /** @param images expected number of images; patches are spread evenly over them */
  constructor(
    readonly layer: Node,
    readonly weights: Tensor,
    images: number,
    seed: number,
  ) {
    this.groups = layer.op === "Conv" ? Number(layer.attributes.group ?? 1) : 1;
    this.size = weights.data.length / weights.shape[0]!;
    this.data = new Float32Array(PATCHES * this.groups * this.size);
    this.#perImage = layer.op === "Conv" ? Math.ceil(PATCHES / images) : 1;
    this.#random = Random.derive(seed, "patches", layer.name);
  }

  /** Takes samples from a batch `[N, C, H, W]` or `[N, features]`. */
  add(input: Tensor): void {
    const images = input.shape[0]!;
    for (let n = 0; n < images && this.rows < PATCHES; n++) {
      if (this.layer.op === "Gemm") this.#addRow(input, n);
      else for (let i = 0; i < this.#perImage && this.rows < PATCHES; i++) this.#addPatch(input, n);
    }
  }

  /** The samples of one group, `[rows, size]`. */
  group(index: number): Float32Array {
    const { size, groups, rows, data } = this;
    if (groups === 1) return data.subarray(0, rows * size);
    const part = new Float32Array(rows * size);
    for (let r = 0; r < rows; r++) {
      const from = (r * groups + index) * size;
      part.set(data.subarray(from, from + size), r * size);
    }
    return part;
  }

  #addRow(input: Tensor, n: number): void {
    const { size } = this;
    this.data.set((input.data as Float32Array).subarray(n * size, (n + 1) * size), this.rows++ * size);
  }

  #addPatch(input: Tensor, n: number): void {
    const [, channels, height, width] = input.shape as readonly [number, number, number, number];
    const { strides, dilations, pads } = convAttributes(this.layer, [channels, height, width], this.weights.shape);
    const [, , kernelHeight, kernelWidth] = this.weights.shape as readonly [number, number, number, number];
    const places = (axis: 0 | 1, size: number, kernel: number) =>
      Math.floor((size + pads[axis] + pads[axis + 2]! - dilations[axis] * (kernel - 1) - 1) / strides[axis]) + 1;
    const top = this.#random.integer(places(0, height, kernelHeight)) * strides[0] - pads[0];
    const left = this.#random.integer(places(1, width, kernelWidth)) * strides[1] - pads[1];
    const source = input.data as Float32Array;
    let to = this.rows++ * channels * kernelHeight * kernelWidth;
    for (let c = 0; c < channels; c++) {
      const plane = (n * channels + c) * height;
      for (let i = 0; i < kernelHeight; i++) {
        const y = top + i * dilations[0];
        for (let j = 0; j < kernelWidth; j++, to++) {
          const x = left + j * dilations[1];
          if (y >= 0 && y < height && x >= 0 && x < width) this.data[to] = source[(plane + y) * width + x]!;
        }
      }
    }
  }
}

/** A sampler for every layer of the graph whose weights are constant, by layer name. */
export function patchSamplers(
  graph: Graph,
  layers: readonly { readonly layer: Node; readonly weights: string }[],
  images = EXPECTED_IMAGES,
  seed = 0,
): ReadonlyMap<string, PatchSampler> {
  return new Map(
    layers.map(({ layer, weights }) => {
      const tensor = graph.tensors.get(weights);
      if (!tensor)
        throw new ModelError(
          "not-quantizable",
          { operator: layer.op, node: layer.name },
          `${layer.op} "${layer.name}": its weights "${weights}" are not constant`,
        );
      return [layer.name, new PatchSampler(layer, tensor, images, seed)];
    }),
  );
}
