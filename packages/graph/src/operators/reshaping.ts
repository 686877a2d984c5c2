/**
 * @file Operators that keep the elements in order and change the shape: Reshape, Flatten, Squeeze, Unsqueeze. Spec: the ONNX
 * operators of the same names. Each gradient is a Reshape back.
 */

import { dimProduct, dimQuotient } from "../ir/dims.js";
import { toNumbers } from "../ir/tensor.js";
import type { Dim, Node, Tensor } from "../ir/types.js";
import type { GradientContext, OperatorDefinition } from "./definition.js";
import { attributesOf, misfit, normalizeAxis } from "./support/attributes.js";

/** The shape of the result, from the shape of the input and from the second input (shape or axes), if there is one. */
type Reshaping = (node: Node, shape: readonly Dim[], argument: readonly Dim[] | undefined) => Dim[];

function reshaping(op: string, target: Reshaping, argumentNeeded: boolean): OperatorDefinition {
  return {
    op,
    required: argumentNeeded ? 2 : 1,
    integers: [1],
    infer({ node, inputs: [x], dims }) {
      if (!x) throw misfit(node, "no input", "one");
      const argument = dims(1);
      if (!x.shape || (!argument && (argumentNeeded || node.inputs[1]))) return [{ dtype: x.dtype }];
      return [{ dtype: x.dtype, shape: target(node, x.shape, argument) }];
    },
    evaluate: (node, [x, argument]) => [
      { ...x!, shape: target(node, x!.shape, argument && toNumbers(argument)) as number[] } satisfies Tensor,
    ],
    gradient: (context) => [reshapeTo(context, context.outputGradients[0]!, context.node.inputs[0]!)],
  };
}

/** Gives `value` the shape of `like`, by a constant target if at most one dimension is symbolic. */
function reshapeTo({ g, type }: GradientContext, value: string, like: string): string {
  const shape = type(like).shape!;
  const symbolic = shape.filter((dim) => typeof dim === "string").length;
  const target =
    symbolic <= 1 ? g.ints(shape.map((dim) => (typeof dim === "string" ? -1 : dim))) : g.op("Shape", [like]);
  return g.op("Reshape", [value, target]);
}

/** In the target, 0 copies a dimension (unless allowzero), and one −1 stands for the rest. */
function reshape(node: Node, shape: readonly Dim[], target: readonly Dim[] | undefined): Dim[] {
  const { allowzero } = attributesOf(node, { allowzero: 0 });
  const result: Dim[] = target!.map((dim, axis) => {
    if (dim !== 0 || allowzero) return dim;
    if (axis >= shape.length) throw misfit(node, `0 at axis ${axis} of a shape for [${shape}]`, "an axis to copy");
    return shape[axis]!;
  });
  const total = dimProduct(shape);
  const hole = result.indexOf(-1);
  const known = dimProduct(result.filter((_, axis) => axis !== hole));
  if (hole < 0) {
    if (typeof known === "number" && typeof total === "number" && known !== total)
      throw misfit(node, `[${shape}] has ${total} elements, [${result}] ${known}`, "as many");
    return result;
  }
  const rest = dimQuotient(total, known);
  if (rest === undefined && typeof total === "number" && typeof known === "number")
    throw misfit(node, `${total} elements do not divide into [${result}]`, "a shape of as many elements");
  result[hole] = rest ?? `${node.name}.${hole}`;
  return result;
}

function flattenAt(node: Node, shape: readonly Dim[]): Dim[] {
  const { axis } = attributesOf(node, { axis: 1 });
  const at = axis === shape.length ? axis : normalizeAxis(node, axis, shape.length);
  return [dimProduct(shape.slice(0, at)), dimProduct(shape.slice(at))];
}

function squeeze(node: Node, shape: readonly Dim[], axes: readonly Dim[] | undefined): Dim[] {
  if (!axes) return shape.filter((dim) => dim !== 1);
  const dropped = new Set(axes.map((axis) => normalizeAxis(node, Number(axis), shape.length)));
  for (const axis of dropped)
    if (typeof shape[axis] === "number" && shape[axis] !== 1)
      throw misfit(node, `axis ${axis} of [${shape}] is ${shape[axis]}`, "1");
  return shape.filter((_, axis) => !dropped.has(axis));
}

function unsqueeze(node: Node, shape: readonly Dim[], axes: readonly Dim[] | undefined): Dim[] {
  const rank = shape.length + axes!.length;
  const added = new Set(axes!.map((axis) => normalizeAxis(node, Number(axis), rank)));
  const rest = [...shape];
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.shift()!));
}

export const Reshape = reshaping("Reshape", reshape, true);
export const Flatten = reshaping("Flatten", flattenAt, false);
export const Squeeze = reshaping("Squeeze", squeeze, false);
export const Unsqueeze = reshaping("Unsqueeze", unsqueeze, true);
