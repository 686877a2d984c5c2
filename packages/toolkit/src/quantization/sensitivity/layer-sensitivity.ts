/** @file Combines and sorts the measurements of this folder: which layer costs accuracy, how much, and why. */

import { type Graph, ModelError, type Tensor } from "@subbyte/graph";
import { UsageError } from "../../errors.js";
import type { SessionOptions } from "../../runtime/session.js";
import type { Check, Closeness } from "../check.js";
import { withoutFakeQuant } from "../fake-quant.js";
import { causeOf, type LayerFacts } from "./causes.js";
import { measureCumulative } from "./cumulative.js";
import { decibel } from "./decibel.js";
import type { Distribution } from "./distribution.js";
import { measureLayerNoise } from "./layer-noise.js";
import { type QuantizedLayer, quantizedLayers } from "./layers.js";
import { matchingFloat } from "./matching-float.js";
import { keptFloat, quantizedAlone } from "./one-layer.js";

/** How noisy quantization makes one layer, and why. */
export interface LayerSensitivity extends LayerFacts {
  /** Signal-to-noise ratio of the layer's output in dB if only this layer is quantized. */
  readonly aloneDb: number;
  /** Signal-to-noise ratio of the layer's output in dB if all layers before it are quantized, too. */
  readonly cumulativeDb: number;
  /** The cause of the noise, in words. */
  readonly cause: string;
  /** Float weights in units of their channel's scale, all channels together, compared with the codes. */
  readonly weights: Distribution;
  /** Values of the layer's input in the float network, compared with the values of its grid. */
  readonly input: Distribution;
  /** How close the network with only this layer quantized is to the float one; absent unless requested. */
  readonly aloneQuantized?: Closeness;
  /** How close the quantized network with this layer in float is to the float one; absent unless requested. */
  readonly keptFloat?: Closeness;
}

export interface SensitivityOptions extends SessionOptions {
  /** Also measures the network with only each layer quantized, and with each layer kept in float: two evaluations per layer. */
  readonly check?: Check;
  /** Called at the beginning, after each batch and, with `check`, after each layer. */
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/** Number of images; this many give the noise power to about one percent. */
const IMAGES = 128;

/**
 * @param graph with FakeQuant nodes whose scales are set
 * @param batches images `[N, C, H, W]`, normalized; the first 128 are used
 * @param given the original float network, before it was equalized or learned; by default the graph without its FakeQuant nodes
 * @returns the layers, the noisiest (alone) first
 * @throws {DataError} if `given` lacks a layer or has it with weights of another shape, and if values are not finite; the
 * reason of `options.signal` if it fires
 */
export async function layerSensitivity(
  graph: Graph,
  batches: readonly Tensor[],
  options: SensitivityOptions = {},
  given: Graph = withoutFakeQuant(graph),
): Promise<readonly LayerSensitivity[]> {
  const layers = quantizedLayers(graph);
  checkSameLayers(graph, given, layers);
  const float = matchingFloat(graph, given, layers);
  const { check, onProgress, signal, ...session } = options;
  const taken = firstBatches(batches, IMAGES);
  const total = 2 * taken.length + (check ? layers.length : 0);
  let done = 0;
  onProgress?.(done, total);
  const step = () => {
    signal?.throwIfAborted();
    onProgress?.(++done, total);
  };
  const alone = await measureLayerNoise(graph, float, layers, taken, session, step);
  const cumulative = await measureCumulative(graph, float, layers, taken, session, step);
  const results: LayerSensitivity[] = [];
  for (const layer of layers) {
    signal?.throwIfAborted();
    const { facts, weights, input } = alone.get(layer.node.name)!;
    const gathered = cumulative.get(layer.node.name)!;
    const { weights: ofWeights, clipping, rounding, bias } = facts.noise;
    const noise = ofWeights + clipping + rounding + bias;
    if (!Number.isFinite(facts.signal + noise + gathered.signal + gathered.noise))
      throw new ModelError(
        "not-finite",
        { tensors: [facts.layer] },
        `layer "${facts.layer}" computes with NaN or infinities on these images. Check the float network's weights, and \`mean\` and \`std\`.`,
      );
    results.push({
      ...facts,
      aloneDb: decibel(facts.signal, noise),
      cumulativeDb: decibel(gathered.signal, gathered.noise),
      cause: causeOf(facts),
      ...(check
        ? {
            aloneQuantized: await check.measure(quantizedAlone(graph, float, layer)),
            keptFloat: await check.measure(keptFloat(graph, float, layer)),
          }
        : {}),
      weights,
      input,
    });
    if (check) step();
  }
  return results.sort((a, b) => a.aloneDb - b.aloneDb);
}

function checkSameLayers(graph: Graph, float: Graph, layers: readonly QuantizedLayer[]): void {
  const shapes = new Map(float.nodes.map(({ name, inputs }) => [name, float.tensors.get(inputs[1] ?? "")?.shape]));
  const strange = layers
    .filter(({ node, weights }) => shapes.get(node.name)?.join() !== graph.tensors.get(weights.input)!.shape.join())
    .map(({ node }) => node.name);
  if (strange.length > 0)
    throw new UsageError(
      "models-differ",
      { found: strange },
      "the quantized network has layers that the float network lacks, or has with weights of another shape: " +
        `${strange.slice(0, 3).join(", ")}${strange.length > 3 ? " …" : ""}. ` +
        "Compare it with the float network that it was made from.",
    );
}

function firstBatches(batches: readonly Tensor[], count: number): readonly Tensor[] {
  const taken: Tensor[] = [];
  let images = 0;
  for (const batch of batches) {
    if (images >= count) break;
    taken.push(batch);
    images += batch.shape[0]!;
  }
  return taken;
}
