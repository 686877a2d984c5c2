/** @file The node that produces each value of a graph, and the nodes that read it; computed once per graph. */

import type { Graph, Node } from "./types.js";

/** The nodes that produce and read the values of a graph. */
export interface Uses {
  /** The node that produces a value; undefined for inputs and constants. */
  producer(value: string): Node | undefined;
  /** The nodes that read a value, in order, each once. */
  readers(value: string): readonly Node[];
  /** How often a value is read: by each input of each node, and by the graph's outputs. */
  count(value: string): number;
  /** Whether the graph returns this value. */
  isGraphOutput(value: string): boolean;
}

const remembered = new WeakMap<Graph, Uses>();

/** Producers and readers of all values. Computed once per graph. */
export function usesOf(graph: Graph): Uses {
  const known = remembered.get(graph);
  if (known) return known;
  const producers = new Map<string, Node>();
  const readers = new Map<string, Node[]>();
  const counts = new Map<string, number>();
  const count = (value: string): void => void counts.set(value, (counts.get(value) ?? 0) + 1);
  for (const node of graph.nodes) {
    for (const output of node.outputs) producers.set(output, node);
    for (const input of node.inputs) count(input);
    for (const input of new Set(node.inputs)) {
      const list = readers.get(input);
      if (list) list.push(node);
      else readers.set(input, [node]);
    }
  }
  for (const output of graph.outputs) count(output);
  const outputs = new Set(graph.outputs);
  const uses: Uses = {
    producer: (value) => producers.get(value),
    readers: (value) => readers.get(value) ?? [],
    count: (value) => counts.get(value) ?? 0,
    isGraphOutput: (value) => outputs.has(value),
  };
  remembered.set(graph, uses);
  return uses;
}
