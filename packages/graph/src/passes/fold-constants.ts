/**
 * @file Constant folding: replaces a node whose inputs are all constants by its result.
 *
 * The reference implementations of the operators compute the results. Operators of other domains and the quantization
 * operators are not folded: FakeQuant of a weight is constant, too, but must be kept. There is a limit to the total
 * size of the constants of a graph.
 */

import { ModelError } from "../errors.js";
import type { Graph } from "../ir/types.js";
import { evaluatedConstants } from "./evaluated-constants.js";
import type { Pass } from "./pass.js";

/** Elements by which the constants of any graph may grow, in addition to a multiple of what the file has. */
const FREE_GROWTH = 2 ** 22;
const GROWTH = 4;

const keptOperators: ReadonlySet<string> = new Set(["QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"]);

const elementsOf = (tensors: Graph["tensors"]): number =>
  [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);

/** Constant folding that leaves at most `limit` elements in the constants of a graph. */
export function foldConstantsWithin(limit: number): Pass {
  return {
    name: "fold-constants",
    run(graph) {
      const tensors = new Map(graph.tensors);
      let elements = elementsOf(tensors);
      const nodes = graph.nodes.filter((node) => {
        const results = keptOperators.has(node.op) ? undefined : evaluatedConstants(node, tensors);
        for (const [i, output] of node.outputs.entries()) {
          const result = results?.[i];
          if (!result || output === "") continue;
          elements += result.data.length;
          if (elements > limit) throw tooLarge(graph, limit);
          tensors.set(output, result);
        }
        return results === undefined;
      });
      return nodes.length === graph.nodes.length ? graph : { ...graph, nodes, tensors };
    },
  };
}

/** The limit for a graph as it was read. */
export const foldingLimit = (graph: Graph): number => FREE_GROWTH + GROWTH * elementsOf(graph.tensors);

/** Computes nodes whose inputs are all constant, within a limit on memory. */
export const foldConstants: Pass = {
  name: "fold-constants",
  run: (graph) => foldConstantsWithin(foldingLimit(graph)).run(graph),
};

const tooLarge = (graph: Graph, limit: number): ModelError =>
  new ModelError(
    "model-too-large",
    { graph: graph.name, found: "more", expected: limit },
    `the constants that "${graph.name}" computes have more than ${limit} elements, many times what the file holds; ` +
      "the file is damaged or was made to exhaust memory",
  );
