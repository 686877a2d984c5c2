/** @file Asks an operator's definition for the types of its outputs, after checking what all definitions rely on. */

import type { Node, TensorType } from "../ir/types.js";
import type { InferContext, OperatorDefinition } from "../operators/definition.js";
import { misfit } from "../operators/support/attributes.js";

/**
 * The types of a node's outputs.
 *
 * @throws {ModelError} where a required input is missing, an index, axis or size is no integer, or inputs do not fit
 */
export function inferNode(definition: OperatorDefinition, context: InferContext): readonly TensorType[] {
  requireInputs(definition, context.node, context.inputs);
  return definition.infer(context);
}

/** @throws {ModelError} where a required input is missing, or one that holds positions or sizes is no integer */
export function requireInputs(
  { required = 1, integers = [] }: OperatorDefinition,
  node: Node,
  inputs: readonly (Pick<TensorType, "dtype"> | undefined)[],
): void {
  for (let i = 0; i < required; i++)
    if (!inputs[i]) throw misfit(node, `input ${i + 1} is missing`, `${required} inputs or more`);
  for (const i of integers) {
    const dtype = inputs[i]?.dtype;
    if (dtype && dtype !== "int64" && dtype !== "int32")
      throw misfit(node, `input ${i + 1} of type ${dtype}`, "int64 or int32, for positions and sizes");
  }
}
