/** @file Networks that take blue before red, as networks trained with OpenCV and Caffe do. */

import { int64 } from "../ir/tensor.js";
import type { Graph, Node } from "../ir/types.js";
import { withoutNormalization } from "./input-normalization.js";

/**
 * Returns the network that takes its channels in reversed order, for example RGB instead of BGR. If the network begins with a
 * convolution, the order of its weights changes. For images of one channel, the graph is returned as it is.
 *
 * @param graph a network with one input [N, C, H, W]
 */
export function withReversedChannels(graph: Graph): Graph {
  const [input] = graph.inputs;
  const channels = input?.shape?.[1];
  if (!input || typeof channels !== "number" || channels === 1) return graph;
  const taken = new Set([...graph.tensors.keys(), ...graph.nodes.flatMap(({ name, outputs }) => [name, ...outputs])]);
  let inner = `${input.name}.reversed`;
  while (taken.has(inner) || taken.has(`${inner}.order`)) inner += "_";
  const order = int64(Array.from({ length: channels }, (_, c) => channels - 1 - c));
  const gather: Node = {
    name: inner,
    op: "Gather",
    domain: "",
    inputs: [input.name, `${inner}.order`],
    outputs: [inner],
    attributes: { axis: 1 },
  };
  const rename = (value: string): string => (value === input.name ? inner : value);
  const reversed: Graph = {
    ...graph,
    outputs: graph.outputs.map(rename),
    nodes: [gather, ...graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename) }))],
    tensors: new Map([...graph.tensors, [`${inner}.order`, order]]),
  };
  return withoutNormalization(reversed)?.graph ?? reversed;
}
