/** @file Infers the types of a node's outputs from its operator's definition, after checks that all definitions rely on. */

import type { Node, TensorType } from "../ir/types.js";
import type { InferContext, OperatorDefinition } from "../operators/definition.js";
import { misfit } from "../operators/support/attributes.js";

/**
 * The types of a node's outputs.
 *
 * @throws {ModelError} if a required input is missing, if an index, axis or size is not an integer, or if inputs do not fit
 */
export function inferNode(definition: OperatorDefinition, context: InferContext): readonly TensorType[] {
  requireInputs(definition, context.node, context.inputs);
  return definition.infer(context);
}

/** @throws {ModelError} if a required input is missing, or if an input of positions or sizes is not an integer */
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
