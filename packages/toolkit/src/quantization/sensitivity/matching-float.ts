/** @file Finds the float network for a comparison layer by layer: the given one, or its equalized form. */

import type { Graph } from "@subbyte/graph";
import { equalizeLayers } from "../equalization.js";
import { type QuantizedLayer, roundedWeights } from "./layers.js";

/**
 * Equalization changes the weights of layers, but not the function of the network. If the quantized weights are closer to those
 * of the equalized network, they were made from that one.
 */
export function matchingFloat(graph: Graph, float: Graph, layers: readonly QuantizedLayer[]): Graph {
  const { graph: equalized, pairs } = equalizeLayers(float);
  const isNearer = pairs.length > 0 && distance(graph, equalized, layers) < distance(graph, float, layers);
  return isNearer ? equalized : float;
}

/** Σ ‖ŵ − w‖² / ‖w‖² over layers. */
function distance(graph: Graph, float: Graph, layers: readonly QuantizedLayer[]): number {
  const byName = new Map(float.nodes.map((node) => [node.name, node]));
  let sum = 0;
  for (const { node, weights } of layers) {
    const original = float.tensors.get(byName.get(node.name)!.inputs[1]!)!.data as Float32Array;
    const rounded = roundedWeights(graph, weights).data as Float32Array;
    let error = 0;
    let power = 0;
    for (const [i, w] of original.entries()) {
      error += (rounded[i]! - w) ** 2;
      power += w ** 2;
    }
    if (power > 0) sum += error / power;
  }
  return sum;
}
