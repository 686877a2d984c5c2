/**
 * @file Cross-layer equalization. If the channels of a layer go through nothing but a ReLU into one other layer, channel c may
 * be divided by s[c] in the first layer's weights and bias and multiplied by s[c] in the second's weights, without changing the
 * result. s[c] = √(r1[c] / r2[c]), where r is the largest weight of a channel in each layer, makes the ranges of both equal, so
 * that no channel wastes the grid of another.
 *
 * Our weights have one scale per output channel, so this only helps the *inputs* of the second layer, and the activation
 * between the layers, which has one grid for all channels. Hard clips (ReLU6) do not scale with their input, unlike ReLU, so
 * they end a pair.
 *
 * Source: Nagel et al. 2019, Data-Free Quantization, arXiv:1906.04721, §4.1.
 */

import { float32, type Graph, type Node, type Tensor, usesOf } from "@subbyte/graph";
import { withTensors } from "./fake-quant.js";

export interface Equalization {
  readonly graph: Graph;
  /** Pairs of layers that were equalized, `first → second`. */
  readonly pairs: readonly string[];
}

/** Passes over all pairs; chains of pairs converge in a few. */
const PASSES = 10;
/** A pass that changes no factor by more than this ends the search. */
const TOLERANCE = 1e-3;
/** Factors are limited to this number and its reciprocal, because nearly dead channels could take any. */
const LARGEST_FACTOR = 64;

interface Pair {
  readonly first: Node;
  readonly second: Node;
}

/** @param graph a simplified float graph (batch norm folded) */
export function equalizeLayers(graph: Graph): Equalization {
  const pairs = findPairs(graph);
  let equalized = graph;
  for (let pass = 0; pass < PASSES; pass++) {
    let change = 0;
    for (const pair of pairs) {
      const [next, deviation] = equalizePair(equalized, pair);
      equalized = next;
      change = Math.max(change, deviation);
    }
    if (change < TOLERANCE) break;
  }
  return { graph: equalized, pairs: pairs.map(({ first, second }) => `${first.name} → ${second.name}`) };
}

/** Convolutions whose output is read only by one other convolution, directly or through a ReLU. */
function findPairs(graph: Graph): readonly Pair[] {
  const uses = usesOf(graph);
  const onlyReader = (value: string): Node | undefined =>
    uses.count(value) === 1 && !uses.isGraphOutput(value) ? uses.readers(value)[0] : undefined;
  return graph.nodes.flatMap((first) => {
    if (!hasOwnWeights(graph, first)) return [];
    let reader = onlyReader(first.outputs[0]!);
    if (reader?.op === "Relu") reader = onlyReader(reader.outputs[0]!);
    return reader && reader.op === "Conv" && hasOwnWeights(graph, reader) ? [{ first, second: reader }] : [];
  });
}

/** Whether weights and bias are constants that no other node reads. */
function hasOwnWeights(graph: Graph, node: Node): boolean {
  const uses = usesOf(graph);
  return (
    node.op === "Conv" &&
    node.domain === "" &&
    node.inputs.slice(1).every((value) => value === "" || (graph.tensors.has(value) && uses.count(value) === 1))
  );
}

function equalizePair(graph: Graph, { first, second }: Pair): readonly [graph: Graph, deviation: number] {
  const rows = channelRows(graph.tensors.get(first.inputs[1]!)!, first.attributes, "output");
  const columns = channelRows(graph.tensors.get(second.inputs[1]!)!, second.attributes, "input");
  const bias = first.inputs[2] ? graph.tensors.get(first.inputs[2])! : undefined;
  const factors = rows.map((row, c) => {
    const ratio = Math.sqrt(largest(graph, first, row) / largest(graph, second, columns[c]!));
    return Number.isFinite(ratio) && ratio > 0 ? Math.min(LARGEST_FACTOR, Math.max(1 / LARGEST_FACTOR, ratio)) : 1;
  });
  const replacements = new Map<string, Tensor>([
    [first.inputs[1]!, scaled(graph.tensors.get(first.inputs[1]!)!, rows, (c) => 1 / factors[c]!)],
    [second.inputs[1]!, scaled(graph.tensors.get(second.inputs[1]!)!, columns, (c) => factors[c]!)],
  ]);
  if (bias)
    replacements.set(
      first.inputs[2]!,
      float32(
        (bias.data as Float32Array).map((b, c) => b / factors[c]!),
        bias.shape,
      ),
    );
  return [withTensors(graph, replacements), Math.max(...factors.map((factor) => Math.abs(factor - 1)))];
}

const largest = (graph: Graph, layer: Node, places: readonly number[]): number => {
  const data = graph.tensors.get(layer.inputs[1]!)!.data as Float32Array;
  let result = 0;
  for (const i of places) result = Math.max(result, Math.abs(data[i]!));
  return result;
};

/** The positions of each channel's weights in `[outputs, inputs / groups, kh, kw]`. */
function channelRows(
  { shape, data }: Tensor,
  { group = 1 }: Node["attributes"],
  side: "output" | "input",
): readonly (readonly number[])[] {
  const [outputs, perGroup] = shape as readonly [number, number];
  const groups = Number(group);
  const kernel = data.length / (outputs * perGroup);
  const channels = side === "output" ? outputs : perGroup * groups;
  const places = Array.from({ length: channels }, (): number[] => []);
  for (let o = 0, i = 0; o < outputs; o++) {
    const firstInput = Math.floor(o / (outputs / groups)) * perGroup;
    for (let c = 0; c < perGroup; c++)
      for (let k = 0; k < kernel; k++, i++) places[side === "output" ? o : firstInput + c]!.push(i);
  }
  return places;
}

function scaled({ shape, data }: Tensor, places: readonly (readonly number[])[], factor: (channel: number) => number) {
  const result = (data as Float32Array).slice();
  places.forEach((indices, c) => {
    for (const i of indices) result[i] = result[i]! * factor(c);
  });
  return float32(result, shape);
}
