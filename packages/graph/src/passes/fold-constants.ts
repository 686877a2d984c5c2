/**
 * @file Constant folding: a node whose inputs are all constants is replaced by what it computes.
 *
 * The operators' own reference implementations run. Not folded are operators of other domains (FakeQuant over a weight is
 * constant too, and is the very thing to keep) and the quantization operators for the same reason. A few bytes of a hostile
 * file could ask for gigabytes or hours, so single results much larger than what they are made from are not folded either,
 * nor long computations, and the constants of a graph may grow to a total only.
 */

import { ModelError } from "../errors.js";
import { inferNode, requireInputs } from "../inference/infer-node.js";
import { isStatic } from "../ir/dims.js";
import { elementCount, toNumbers } from "../ir/tensor.js";
import type { Dim, Graph, Node, Tensor } from "../ir/types.js";
import { operatorDefinition } from "../operators/index.js";
import type { Pass } from "./pass.js";

/** A result may have this many elements, or as many as all inputs together. */
const LARGEST_FREE_RESULT = 65_536;

/** Elements that the constants of any graph may grow by, beyond a multiple of what the file holds. */
const FREE_GROWTH = 2 ** 22;
const GROWTH = 4;

/** Multiply-adds of one convolution or matrix product that is folded. */
const MOST_WORK = 2 ** 28;

const keptOperators: ReadonlySet<string> = new Set(["QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"]);

/** Operators that read many elements for each one that they return. */
const contractions: ReadonlySet<string> = new Set([
  "AveragePool",
  "Conv",
  "ConvTranspose",
  "Gemm",
  "MatMul",
  "MaxPool",
]);

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
        const results = evaluate(node, tensors);
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

/** The limit that suits a graph as it was read. */
export const foldingLimit = (graph: Graph): number => FREE_GROWTH + GROWTH * elementsOf(graph.tensors);

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

function evaluate(node: Node, tensors: Graph["tensors"]): readonly Tensor[] | undefined {
  if (node.domain !== "" || keptOperators.has(node.op) || node.inputs.length === 0) return undefined;
  if (!node.inputs.every((input) => input === "" || tensors.has(input))) return undefined;
  const definition = operatorDefinition(node.op, node.domain);
  if (!definition?.evaluate) return undefined;
  const inputs = node.inputs.map((input) => tensors.get(input));
  requireInputs(definition, node, inputs);
  const sizes = inputs.map((tensor) => tensor?.data.length ?? 0);
  const affordable = sizes.reduce((sum, size) => sum + size, 0);
  // Asked anew, because an input that was folded just now was not known when the graph's types were inferred.
  const types = inferNode(definition, {
    node,
    inputs,
    constant: (index) => inputs[index],
    dims: (index) => inputs[index] && toNumbers(inputs[index]),
  });
  const size = types.reduce((sum, { shape }) => sum + (isStaticShape(shape) ? elementCount(shape) : Infinity), 0);
  if (size > Math.max(LARGEST_FREE_RESULT, affordable)) return undefined;
  if (contractions.has(node.op) && size * sizes.reduce((a, b) => Math.max(a, b), 0) > MOST_WORK) return undefined;
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
