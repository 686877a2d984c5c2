/**
 * @file Reports what quantization-aware training changed in each layer: its scales, its weight codes, and its distance from the
 * float network.
 */

import type { Graph, Tensor } from "@subbyte/graph";
import type { SessionOptions } from "../../runtime/session.js";
import { codeRange, quantizeValue } from "../fake-quant.js";
import {
  decibel,
  inputGrid,
  matchingFloat,
  measureCumulative,
  type QuantizedLayer,
  quantizedLayers,
  storedWeightScales,
} from "../sensitivity/index.js";

/** How training changed one layer. */
export interface LayerChange {
  /** Name of the layer's node. */
  readonly layer: string;
  /** Bit width of the weights, 2 … 8. */
  readonly weightBits: number;
  /** Bit width of the layer's input, 2 … 8. */
  readonly inputBits: number;
  /** Scale of the weights after training divided by that before: the geometric mean over output channels. 1 means unchanged. */
  readonly weightScale: number;
  /** Share of the weights, 0 … 1, whose integer code changed. */
  readonly changedCodes: number;
  /** Scale of the layer's input after training divided by that before. 1 means unchanged. */
  readonly inputScale: number;
  /** Zero point of the layer's input, before and after. */
  readonly zeroPoint: readonly [before: number, after: number];
  /**
   * Signal-to-noise ratio of the layer's output against the float network in dB, before and after, with all layers quantized.
   * Absent if there is no float network.
   */
  readonly ratioDb?: readonly [before: number, after: number];
}

/** The float network and images with which the distance is measured. */
export interface FloatReference {
  /** The float network, simplified for import. */
  readonly graph: Graph;
  /** Images `[N, C, H, W]`, normalized. */
  readonly batches: readonly Tensor[];
  readonly session: SessionOptions;
}

/**
 * @param before the network with FakeQuant nodes that training began with
 * @param after the trained network, batch norm folded
 * @returns the layers in the network's order
 */
export async function layerChanges(
  before: Graph,
  after: Graph,
  reference: FloatReference | undefined,
): Promise<readonly LayerChange[]> {
  const trained = new Map(quantizedLayers(after).map((layer) => [layer.node.name, layer]));
  const layers = quantizedLayers(before).filter(({ node }) => trained.has(node.name));
  const ratios = reference && (await ratiosOf([before, after], layers, reference));
  return layers.map((layer): LayerChange => {
    const { name } = layer.node;
    const now = trained.get(name)!;
    const [input, newInput] = [inputGrid(before, layer.input), inputGrid(after, now.input)];
    return {
      layer: name,
      weightBits: layer.weights.bits,
      inputBits: layer.input.bits,
      weightScale: meanRatio(storedWeightScales(after, now.weights), storedWeightScales(before, layer.weights)),
      changedCodes: shareOfDifferent(weightCodes(before, layer), weightCodes(after, now)),
      inputScale: newInput.scale / input.scale,
      zeroPoint: [input.zeroPoint, newInput.zeroPoint],
      ...(ratios ? { ratioDb: [ratios[0]!.get(name)!, ratios[1]!.get(name)!] } : {}),
    };
  });
}

async function ratiosOf(graphs: readonly Graph[], layers: readonly QuantizedLayer[], reference: FloatReference) {
  const { graph, batches, session } = reference;
  const float = matchingFloat(graphs[0]!, graph, layers);
  const ratios: ReadonlyMap<string, number>[] = [];
  for (const quantized of graphs) {
    const measured = await measureCumulative(quantized, float, quantizedLayers(quantized), batches, session);
    ratios.push(new Map([...measured].map(([name, { signal, noise }]) => [name, decibel(signal, noise)])));
  }
  return ratios;
}

/** Geometric mean of the channels' ratios. */
function meanRatio(after: Float32Array, before: Float32Array): number {
  const logs = after.reduce((sum, scale, c) => sum + Math.log(scale / before[c]!), 0);
  return Math.exp(logs / after.length);
}

function weightCodes(graph: Graph, { weights }: QuantizedLayer): Int8Array {
  const values = graph.tensors.get(weights.input)!.data as Float32Array;
  const scales = storedWeightScales(graph, weights);
  const { min, max } = codeRange(weights);
  const size = values.length / scales.length;
  return Int8Array.from(values, (w, i) => quantizeValue(w, scales[Math.floor(i / size)]!, 0, min, max));
}

const shareOfDifferent = (one: Int8Array, other: Int8Array): number =>
  one.reduce((count, code, i) => count + (code === other[i] ? 0 : 1), 0) / Math.max(1, one.length);
