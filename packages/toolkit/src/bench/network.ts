/**
 * @file The networks whose speed is measured: built-in architectures with seeded, bell-shaped weights. Speed does not depend on
 * what a network has learnt, but it may depend on the spread of its codes, so activations and weights get the spread of a
 * trained network.
 */

import { type RawImage, resizeBilinear } from "@subbyte/engine";
import { expandForTraining, type Graph, simplifyForImport, type Tensor, toTrainingForm } from "@subbyte/graph";
import { normalize } from "../data/normalize.js";
import { buildModel } from "../models/registry.js";
import { withTensors } from "../quantization/fake-quant.js";
import { Random } from "../random.js";
import { createSession } from "../runtime/session.js";

/** Statistics of ImageNet's pixels; any other values would do as well. */
export const normalization = { channels: 3, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** Number of classes of networks for images as small as CIFAR-10's, and of other networks. */
const CLASSES = { small: 10, large: 1000 } as const;
const SMALL = 64;

export interface BenchNetwork {
  /** Such as `"resnet18-224"`. */
  readonly key: string;
  /** Side of the square images, in pixels; they have three channels. */
  readonly size: number;
  /** The float network for one image, with batch normalization folded. */
  readonly graph: Graph;
  /** Images `[size, size, 3]`, bytes. */
  readonly images: readonly Uint8Array[];
}

/** @param architecture name of a built-in architecture */
export async function benchNetwork(
  architecture: string,
  size: number,
  options: { readonly seed: number; readonly images?: number },
): Promise<BenchNetwork> {
  const { seed, images: count = 4 } = options;
  const classes = size <= SMALL ? CLASSES.small : CLASSES.large;
  const initial = buildModel(architecture, { classes, size, channels: 3, seed });
  const images = smoothImages(seed, count, size);
  const normalized = await normalizeByBatch(initial, floatBatch(images, size));
  const [input] = initial.inputs;
  const graph = simplifyForImport({ ...normalized, inputs: [{ ...input!, shape: [1, 3, size, size] }] });
  return { key: `${architecture}-${size}`, size, graph, images };
}

/** The images as normalized floats, `[N, 3, size, size]`. */
export function floatBatch(images: readonly Uint8Array[], size: number): Tensor {
  const pixels = size * size;
  const data = new Float32Array(images.length * 3 * pixels);
  for (const [n, image] of images.entries())
    normalize(image, { ...normalization, pixels }, data.subarray(n * 3 * pixels, (n + 1) * 3 * pixels));
  return { dtype: "float32", shape: [images.length, 3, size, size], data };
}

/** Sets the graph's running statistics to those of one batch, as if it had been trained on it. */
async function normalizeByBatch(graph: Graph, batch: Tensor): Promise<Graph> {
  const form = toTrainingForm(graph);
  const outputs = form.statistics.flatMap(({ batchMean, batchVariance }) => [batchMean, batchVariance]);
  const session = await createSession(expandForTraining({ ...form.graph, outputs }, { winograd: false }));
  try {
    const results = await session.run({ [graph.inputs[0]!.name]: batch });
    return withTensors(
      graph,
      new Map(
        form.statistics.flatMap(({ runningMean, runningVariance, batchMean, batchVariance }) => [
          [runningMean, results[batchMean]!],
          [runningVariance, results[batchVariance]!],
        ]),
      ),
    );
  } finally {
    await session.release();
  }
}

/** Cells per side of the random grid that is smoothed to an image. */
const GRID = 8;
/** Largest change of a byte by the added noise. */
const NOISE = 12;

/** Random images that are smooth like photographs: neighbouring pixels are similar. */
export function smoothImages(seed: number, count: number, size: number): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => {
    const random = Random.derive(seed, "bench image", n);
    const grid: RawImage = {
      data: Uint8Array.from({ length: GRID * GRID * 3 }, () => random.integer(256)),
      height: GRID,
      width: GRID,
      channels: 3,
    };
    const smooth = resizeBilinear(grid, size, size, { top: 0, left: 0, height: size, width: size });
    return new Uint8Array(Uint8ClampedArray.from(smooth, (byte) => byte + random.integer(2 * NOISE + 1) - NOISE));
  });
}
