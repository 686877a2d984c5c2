/**
 * @file Removes nodes that no graph output depends on, and constants that nothing reads. Inputs stay, because callers pass
 * them.
 */

import type { Pass } from "./pass.js";

/** Removes nodes and constants that no output depends on. */
export const removeDeadNodes: Pass = {
  name: "remove-dead-nodes",
  run(graph) {
    const needed = new Set(graph.outputs);
    const nodes = graph.nodes.toReversed().filter((node) => {
      if (!node.outputs.some((output) => needed.has(output))) return false;
      for (const input of node.inputs) needed.add(input);
      return true;
    });
    const tensors = [...graph.tensors].filter(([name]) => needed.has(name));
    if (nodes.length === graph.nodes.length && tensors.length === graph.tensors.size) return graph;
    return { ...graph, nodes: nodes.reverse(), tensors: new Map(tensors) };
  },
};
