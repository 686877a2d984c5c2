/** @file Operators that turn shapes into values and values into shapes: Shape, Size, ConstantOfShape, Expand. */

import { isStatic } from "../ir/dims.js";
import { elementCount, int64, toNumbers } from "../ir/tensor.js";
import type { Tensor } from "../ir/types.js";
import type { OperatorDefinition } from "./definition.js";
import { attributesOf, misfit } from "./support/attributes.js";
import { broadcastShapes, broadcastStrides, reduceToShape } from "./support/broadcasting.js";
import { allocate, flatten, gathered } from "./support/values.js";

const slice = { start: 0, end: Number.MAX_SAFE_INTEGER };

/** Shape: the dimensions from `start` to `end` (either may be negative), as int64. ONNX, opset 15. */
export const Shape: OperatorDefinition = {
  op: "Shape",
  defaults: { start: 0 },
  infer({ node, inputs: [x] }) {
    if (!x?.shape) return [{ dtype: "int64" }];
    const { start, end } = attributesOf(node, slice);
    return [{ dtype: "int64", shape: [x.shape.slice(start, end).length] }];
  },
  evaluate(node, [x]) {
    const { start, end } = attributesOf(node, slice);
    return [int64(x!.shape.slice(start, end))];
  },
};

/** Size: the number of elements, an int64 scalar. */
export const Size: OperatorDefinition = {
  op: "Size",
  infer: () => [{ dtype: "int64", shape: [] }],
  evaluate: (_, [x]) => [int64([elementCount(x!.shape)], [])],
};

const zero: Tensor = { dtype: "float32", shape: [1], data: new Float32Array(1) };

/** ConstantOfShape: a tensor of the given shape, every element `value` (float32 0 by default). */
export const ConstantOfShape: OperatorDefinition = {
  op: "ConstantOfShape",
  integers: [0],
  infer({ node, dims }) {
    const { dtype } = attributesOf(node, { value: zero }).value;
    const shape = dims(0);
    return [shape ? { dtype, shape } : { dtype }];
  },
  evaluate(node, [shape]) {
    const { dtype, data } = attributesOf(node, { value: zero }).value;
    const target = toNumbers(shape!);
    const result = allocate(dtype, elementCount(target));
    (result as Float64Array).fill(data[0] as number);
    return [{ dtype, shape: target, data: result }];
  },
};

/** Expand: broadcasts x and a shape against each other, so a 1 in the shape keeps the dimension of x. */
export const Expand: OperatorDefinition = {
  op: "Expand",
  required: 2,
  integers: [1],
  infer({ node, inputs: [x], dims }) {
    if (!x) throw misfit(node, "no input", "x and a shape");
    const target = dims(1);
    if (!x.shape || !target) return [{ dtype: x.dtype }];
    return [{ dtype: x.dtype, shape: broadcastShapes(node, [x.shape, target]) }];
  },
  evaluate(node, [x, target]) {
    const shape = broadcastShapes(node, [x!.shape, toNumbers(target!)]);
    if (!isStatic(shape)) throw misfit(node, `the shape [${shape}]`, "numbers");
    const strides = broadcastStrides(x!.shape, shape);
    return [gathered(x!, shape, (index) => flatten(index, strides))];
  },
  gradient({ node, g, type, outputGradients: [dy] }) {
    const to = type(node.outputs[0]!).shape;
    if (!to) throw misfit(node, "a shape computed at run time", "a constant shape to differentiate");
    return [reduceToShape(g, dy!, to, type(node.inputs[0]!).shape!), undefined];
  },
};
