/**
 * @file Computes nodes whose inputs are constants, with the operators' own reference implementations. A few bytes of a hostile
 * file could ask for gigabytes or hours, so results much larger than their inputs are left out, and so are long computations.
 */

import { ModelError } from "../errors.js";
import { inferNode, requireInputs } from "../inference/infer-node.js";
import { isStatic } from "../ir/dims.js";
import { elementCount, toNumbers } from "../ir/tensor.js";
import type { Dim, Graph, Node, Tensor } from "../ir/types.js";
import { operatorDefinition } from "../operators/index.js";

/** A result may have this many elements, or as many as all inputs together if those are more. */
const LARGEST_FREE_RESULT = 65_536;

/** Most multiply-adds of a convolution or matrix product that is folded. */
const MOST_WORK = 2 ** 28;

/** Operators that read many elements for each one that they return. */
const contractions: ReadonlySet<string> = new Set([
  "AveragePool",
  "Conv",
  "ConvTranspose",
  "Gemm",
  "MatMul",
  "MaxPool",
]);

/**
 * The results of a node whose inputs are constants; undefined if an input is not constant, or if the result would be too large
 * or take too long.
 * @throws {ModelError} if the node does not fit its operator, or its constants do not fit each other
 */
export function evaluatedConstants(node: Node, tensors: Graph["tensors"]): readonly Tensor[] | undefined {
  if (node.domain !== "" || node.inputs.length === 0) return undefined;
  if (!node.inputs.every((input) => input === "" || tensors.has(input))) return undefined;
  const definition = operatorDefinition(node.op, node.domain);
  if (!definition?.evaluate) return undefined;
  const inputs = node.inputs.map((input) => tensors.get(input));
  requireInputs(definition, node, inputs);
  const sizes = inputs.map((tensor) => tensor?.data.length ?? 0);
  const affordable = sizes.reduce((sum, size) => sum + size, 0);
  // Types are inferred again, because an input that has just been folded was not known when those of the graph were
  // inferred.
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
