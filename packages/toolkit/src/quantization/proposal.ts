/** @file Proposes more bits for some layers of a quantized network, and measures the gain. */

import type { Graph } from "@subbyte/graph";
import type { ImageSet } from "../data/types.js";
import { defined } from "../defined.js";
import { type RuntimeOptions, runtimeOptions } from "../runtime/runtime-options.js";
import { Check, type Closeness, checkImages } from "./check.js";
import { fakeQuants } from "./fake-quant.js";
import type { LayerOverride } from "./policy.js";
import { type LayerBits, layerBits } from "./policy-file.js";
import { quantizeGraph } from "./quantize.js";
import { type LayerSensitivity, quantizedLayers } from "./sensitivity/index.js";
import { isLayer } from "./topology.js";

export interface RaisedLayer {
  readonly layer: string;
  readonly weights: readonly [before: number, after: number];
  readonly activations: readonly [before: number, after: number];
}

export interface Proposal {
  readonly raised: readonly RaisedLayer[];
  /** Bit widths of every layer, for `policy`. */
  readonly policy: readonly LayerBits[];
  /** Number of bytes by which the file grows. */
  readonly bytes: number;
  /** Number of images on which `before` and `after` were measured. */
  readonly images: number;
  /** Whether other images were used for calibration; with too few images, the same are used. */
  readonly isHeldOut: boolean;
  /** The float network with ranges by squared error, at the current bit widths and at the proposed ones. */
  readonly before: Closeness;
  readonly after: Closeness;
}

export interface ProposalOptions extends RuntimeOptions {
  readonly seed: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly signal?: AbortSignal;
  /** Called with the number of networks that have been measured, of two. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** Two bits more divide the power of rounding noise by 16. */
const MORE_BITS = 2;
const MOST_BITS = 8;
/** Share of all layers' noise that the proposed layers cause together. */
const NOISE = 0.5;
/** Largest share of the layers that get more bits. */
const LAYERS = 0.25;
/** Least share of a layer's noise for which its weights, or its input, get more bits. */
const ORIGIN = 0.25;

/** The noisiest layers that can have more bits, the noisiest first. */
export function raisedLayers(layers: readonly LayerSensitivity[]): readonly RaisedLayer[] {
  const noises = layers.map((layer) => ({ layer, noise: 10 ** (-layer.aloneDb / 10) }));
  const total = noises.reduce((sum, { noise }) => sum + noise, 0);
  const raised: RaisedLayer[] = [];
  let gathered = 0;
  for (const { layer, noise } of noises.sort((a, b) => b.noise - a.noise)) {
    if (gathered >= NOISE * total || raised.length >= Math.max(1, LAYERS * layers.length)) break;
    gathered += noise;
    const { weights, clipping, rounding, bias } = layer.noise;
    const all = weights + clipping + rounding + bias;
    const wanted = (bits: number, ofNoise: number) =>
      ofNoise >= ORIGIN * all ? Math.min(MOST_BITS, bits + MORE_BITS) : bits;
    const after = [wanted(layer.weightBits, weights + bias), wanted(layer.inputBits, clipping + rounding)] as const;
    if (after[0] > layer.weightBits || after[1] > layer.inputBits)
      raised.push({
        layer: layer.layer,
        weights: [layer.weightBits, after[0]],
        activations: [layer.inputBits, after[1]],
      });
  }
  return raised;
}

/** Images to calibrate on, and as many others to measure on. */
const IMAGES = 256;

/**
 * Quantizes the float network by ranges, at the bit widths of a quantized one and at proposed ones.
 *
 * @param float simplified
 * @param graph the quantized network, with FakeQuant nodes
 * @param layers result of `layerSensitivity`
 * @returns undefined if the noisiest layers have 8 bits already
 */
export async function proposePolicy(
  float: Graph,
  graph: Graph,
  layers: readonly LayerSensitivity[],
  images: ImageSet,
  options: ProposalOptions,
): Promise<Proposal | undefined> {
  const raised = raisedLayers(layers);
  if (raised.length === 0) return undefined;
  const byName = new Map(raised.map((each) => [each.layer, each]));
  const current = layerBits(graph);
  const policy = current.map((entry) => {
    const { weights, activations } = byName.get(entry.pattern) ?? {};
    return { ...entry, ...defined({ weights: weights?.[1], activations: activations?.[1] }) };
  });
  const { seed, mean, std, signal } = options;
  const calibrationImages = Math.max(1, Math.min(IMAGES, Math.floor(images.length / 2)));
  const choice = { seed, mean, std, calibrationImages };
  const shown = await checkImages(images, { ...choice, count: calibrationImages });
  const session = runtimeOptions(options);
  const check = await Check.of(float, shown, session);
  const residualBits = residualBitsOf(graph);
  const measured = async (overrides: readonly LayerOverride[]) => {
    signal?.throwIfAborted();
    const bits = { weights: MOST_BITS, activations: MOST_BITS, residualBits, layers: overrides };
    return check.measure(
      await quantizeGraph(float, images, {
        ...choice,
        ...session,
        ...defined({ signal }),
        policy: bits,
        method: "mse",
      }),
    );
  };
  const parameters = new Map(
    quantizedLayers(graph).map(({ node, weights }) => [node.name, graph.tensors.get(weights.input)!.data.length]),
  );
  options.onProgress?.(0, 2);
  const before = await measured(current);
  options.onProgress?.(1, 2);
  const after = await measured(policy);
  options.onProgress?.(2, 2);
  return {
    raised,
    policy,
    bytes: raised.reduce((sum, { layer, weights: [from, to] }) => sum + (parameters.get(layer)! * (to - from)) / 8, 0),
    images: shown.labels.length,
    isHeldOut: shown.disjoint,
    before,
    after,
  };
}

/** Largest bit width of values that operators other than layers read. */
function residualBitsOf(graph: Graph): number {
  const readByLayers = new Set(graph.nodes.filter(isLayer).flatMap(({ inputs }) => inputs));
  const read = new Set(graph.nodes.filter((node) => !isLayer(node)).flatMap(({ inputs }) => inputs));
  const bits = fakeQuants(graph)
    .filter(({ output, ofWeights }) => !ofWeights && read.has(output) && !readByLayers.has(output))
    .map((each) => each.bits);
  return bits.length === 0 ? MOST_BITS : Math.max(...bits);
}
