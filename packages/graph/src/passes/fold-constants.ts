/**
 * @file Constant folding: a node whose inputs are all constants is replaced by what it computes.
 *
 * The operators' own reference implementations run. Not folded are operators of other domains (FakeQuant over a weight is
 * constant too, and is the very thing to keep), the quantization operators for the same reason, and results much larger
 * than what they are made from, since a few bytes of a hostile file could ask for gigabytes.
 */

import { ModelError } from "../errors.js";
import { isStatic } from "../ir/dims.js";
import { elementCount, toNumbers } from "../ir/tensor.js";
import type { Dim, Graph, Node, Tensor } from "../ir/types.js";
import { operatorDefinition } from "../operators/index.js";
import type { Pass } from "./pass.js";

/** A result may have this many elements, or as many as all inputs together. */
const LARGEST_FREE_RESULT = 65_536;

const keptOperators: ReadonlySet<string> = new Set(["QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"]);

export const foldConstants: Pass = {
  name: "fold-constants",
  run(graph) {
    const tensors = new Map(graph.tensors);
    const nodes = graph.nodes.filter((node) => {
      const results = evaluate(node, tensors);
      for (const [i, output] of node.outputs.entries()) if (results && output !== "") tensors.set(output, results[i]!);
      return results === undefined;
    });
    return nodes.length === graph.nodes.length ? graph : { ...graph, nodes, tensors };
  },
};

function evaluate(node: Node, tensors: Graph["tensors"]): readonly Tensor[] | undefined {
  if (node.domain !== "" || keptOperators.has(node.op) || node.inputs.length === 0) return undefined;
  if (!node.inputs.every((input) => input === "" || tensors.has(input))) return undefined;
  const definition = operatorDefinition(node.op, node.domain);
  if (!definition?.evaluate) return undefined;
  const inputs = node.inputs.map((input) => tensors.get(input));
  const affordable = inputs.reduce((sum, tensor) => sum + (tensor?.data.length ?? 0), 0);
  // Asked anew, because an input that was folded just now was not known when the graph's types were inferred.
  const types = definition.infer({
    node,
    inputs,
    constant: (index) => inputs[index],
    dims: (index) => inputs[index] && toNumbers(inputs[index]),
  });
  const size = types.reduce((sum, { shape }) => sum + (isStaticShape(shape) ? elementCount(shape) : Infinity), 0);
  if (size > Math.max(LARGEST_FREE_RESULT, affordable)) return undefined;
  try {
    return definition.evaluate(node, inputs);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw new ModelError(
      "damaged-model",
      { operator: node.op, node: node.name, reason: (error as Error).message },
      `${node.op} "${node.name}" cannot be computed from its constants (${(error as Error).message}); the file is damaged`,
      { cause: error },
    );
  }
}

const isStaticShape = (shape: readonly Dim[] | undefined): shape is readonly number[] =>
  shape !== undefined && isStatic(shape);
