/** @file Measures how well the grids of a layer fit its weights and bias. */

import type { Graph, Tensor } from "@subbyte/graph";
import { biasCodes, biasValues } from "../biases.js";
import { codeRange } from "../fake-quant.js";
import { ActivationObserver } from "../ranges/histogram.js";
import type { LayerFacts } from "./causes.js";
import { type Distribution, distributionOf } from "./distribution.js";
import { inputGrid, type QuantizedLayer, storedWeightScales } from "./layers.js";
import { ratioToMedian } from "./ratio-to-median.js";

/** A scale far below any that trained weights need. */
const TINY_SCALE = 1e-7;

/**
 * @param original float weights, output channels first
 * @param rounded the same weights rounded to their grid
 */
export function weightFacts(
  graph: Graph,
  layer: QuantizedLayer,
  original: Tensor,
  rounded: Tensor,
): Pick<
  LayerFacts,
  "clippedWeightShare" | "unusedWeightCodes" | "deadChannels" | "tinyScales" | "weightPeak" | "weightSpread"
> {
  const scales = storedWeightScales(graph, layer.weights);
  const { min, max } = codeRange(layer.weights);
  const size = original.data.length / scales.length;
  const used = new Set<number>();
  const maxima = new Float64Array(scales.length);
  let peak = 0;
  let clipped = 0;
  for (let c = 0; c < scales.length; c++) {
    let squares = 0;
    for (let i = c * size; i < (c + 1) * size; i++) {
      const w = original.data[i] as number;
      squares += w * w;
      maxima[c] = Math.max(maxima[c]!, Math.abs(w));
      used.add(Math.round((rounded.data[i] as number) / scales[c]!));
      const q = Math.round(w / scales[c]!);
      if (q < min || q > max) clipped++;
    }
    if (squares > 0) peak = Math.max(peak, maxima[c]! / Math.sqrt(squares / size));
  }
  return {
    clippedWeightShare: clipped / Math.max(1, original.data.length),
    unusedWeightCodes: max - min + 1 - used.size,
    deadChannels: maxima.filter((largest) => largest === 0).length,
    tinyScales: scales.filter((scale) => scale < TINY_SCALE).length,
    weightPeak: peak,
    weightSpread: ratioToMedian(maxima, Math.max(...maxima)),
  };
}

/** Float weights of all channels together, each in units of its channel's scale: codes before rounding. */
export function weightDistribution(graph: Graph, layer: QuantizedLayer, original: Tensor): Distribution {
  const scales = storedWeightScales(graph, layer.weights);
  const size = original.data.length / scales.length;
  const observer = new ActivationObserver(true);
  observer.add(Float32Array.from(original.data as Float32Array, (w, i) => w / scales[Math.floor(i / size)]!));
  const { min, max } = codeRange(layer.weights);
  return distributionOf(observer, [min, max], max - min + 1);
}

/** Mean square of the noise that the bias's own grid adds to every output. */
export function biasNoise(graph: Graph, { node, weights, input }: QuantizedLayer): number {
  const bias = node.inputs[2] ? (graph.tensors.get(node.inputs[2])?.data as Float32Array | undefined) : undefined;
  if (!bias) return 0;
  const scales = storedWeightScales(graph, weights);
  const { scale } = inputGrid(graph, input);
  const snapped = biasValues(biasCodes(node, bias, scale, scales), scale, scales);
  return bias.reduce((sum, b, c) => sum + (b - snapped[c]!) ** 2, 0) / bias.length;
}
