/** @file Mean bit widths of a quantized network, read from its FakeQuant nodes. */

import { type Graph, inferTypes } from "@subbyte/graph";
import { innerLayers } from "./sensitivity/index.js";

/** Mean bit widths of inner layers; the first and the last layer do not count. */
export interface AverageBits {
  /** Mean bit width of the weights, over parameters. */
  readonly weights: number;
  /** Mean bit width of the layers' inputs, over their elements. */
  readonly activations: number;
}

export function averageBits(graph: Graph): AverageBits {
  const types = inferTypes(graph);
  const inner = innerLayers(graph);
  const sizeOf = (value: string): number =>
    (types.get(value)?.shape ?? []).filter((dim) => typeof dim === "number").reduce((product, dim) => product * dim, 1);
  return {
    weights: mean(inner.map(({ node, weights }) => ({ bits: weights.bits, size: sizeOf(node.inputs[1]!) }))),
    activations: mean(inner.map(({ node, input }) => ({ bits: input.bits, size: sizeOf(node.inputs[0]!) }))),
  };
}

function mean(parts: readonly { readonly bits: number; readonly size: number }[]): number {
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  return parts.reduce((sum, { bits, size }) => sum + bits * size, 0) / total;
}
