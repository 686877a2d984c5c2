/** @file The layers of a quantized network, each with the grids of its weights and its input. */

import { float32, type Graph, type Node, type Tensor } from "@subbyte/graph";
import { codeRange, type FakeQuant, fakeQuants, quantizeValue } from "../fake-quant.js";
import { isChannelAffine, isLayer } from "../topology.js";

/** A layer with the grids of its weights and its input. */
export interface QuantizedLayer {
  readonly node: Node;
  readonly weights: FakeQuant;
  readonly input: FakeQuant;
  readonly position: "first" | "inner" | "last";
  /** Whether it is only a factor and an offset per channel. */
  readonly channelAffine: boolean;
}

/** The layers of a graph with FakeQuant nodes, in order. */
export function quantizedLayers(graph: Graph): readonly QuantizedLayer[] {
  const byOutput = new Map(fakeQuants(graph).map((fq) => [fq.output, fq]));
  const producer = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
  const inputOf = (value: string): FakeQuant | undefined => {
    const fq = byOutput.get(value);
    const node = producer.get(value);
    return fq ?? (node && !isLayer(node) ? inputOf(node.inputs[0]!) : undefined);
  };
  const layers = graph.nodes.filter(isLayer).flatMap((node) => {
    const weights = byOutput.get(node.inputs[1]!);
    const input = inputOf(node.inputs[0]!);
    if (!weights || !input) return [];
    return [{ node, weights, input, channelAffine: isChannelAffine(node, graph.tensors.get(weights.input)!) }];
  });
  const whole = layers.filter(({ channelAffine }) => !channelAffine);
  return layers.map((layer) => ({
    ...layer,
    position: layer === whole[0] ? "first" : layer === whole.at(-1) ? "last" : "inner",
  }));
}

/** The layers that have the policy's bit widths: neither the first nor the last, and more than factors per channel. */
export const innerLayers = (graph: Graph): readonly QuantizedLayer[] =>
  quantizedLayers(graph).filter(({ position, channelAffine }) => position === "inner" && !channelAffine);

/** Scale and zero point of a layer's input; it has one of each. */
export const inputGrid = (graph: Graph, fq: FakeQuant) => ({
  scale: (graph.tensors.get(fq.scale)!.data as Float32Array)[0]!,
  zeroPoint: (graph.tensors.get(fq.zeroPoint)!.data as Float32Array)[0]!,
});

/** Scales of a layer's weights, one per output channel; the zero point of weights is 0. */
export const storedWeightScales = (graph: Graph, fq: FakeQuant): Float32Array =>
  graph.tensors.get(fq.scale)!.data as Float32Array;

/** The weights of the integer network, as real values. */
export function roundedWeights(graph: Graph, fq: FakeQuant): Tensor {
  const { data, shape } = graph.tensors.get(fq.input)!;
  const scales = storedWeightScales(graph, fq);
  const { min, max } = codeRange(fq);
  const size = data.length / scales.length;
  const values = Float32Array.from(data as Float32Array, (w, i) => {
    const scale = scales[Math.floor(i / size)]!;
    return scale * quantizeValue(w, scale, 0, min, max);
  });
  return float32(values, shape);
}
