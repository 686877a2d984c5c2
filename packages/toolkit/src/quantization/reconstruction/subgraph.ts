/** @file Makes a separate graph from a part of a graph. */

import type { Graph, Node, TensorType } from "@subbyte/graph";

export interface PartOptions {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly input: string;
  readonly outputs: readonly string[];
}

/**
 * The nodes between `input` and `outputs`, with the constants that they read. The type of the input is that in the
 * whole graph, with a symbolic batch.
 */
export function partOf(graph: Graph, type: TensorType, { name, nodes, input, outputs }: PartOptions): Graph {
  const wanted = new Set(outputs);
  const needed: Node[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => wanted.has(output) && output !== input)) continue;
    needed.push(node);
    for (const value of node.inputs) wanted.add(value);
  }
  return {
    name,
    inputs: [{ name: input, dtype: type.dtype, shape: ["N", ...(type.shape?.slice(1) ?? [])] }],
    outputs: [...outputs],
    nodes: needed.reverse(),
    tensors: new Map([...graph.tensors].filter(([value]) => wanted.has(value))),
  };
}
