/** @file Samples of shapes and indices. */

import { float32, int64 } from "../../src/ir/tensor.js";
import { random, type Sample, scalar } from "./sample.js";

export const movement: readonly Sample[] = [
  // Shapes.
  { op: "Flatten", inputs: [random([2, 3, 4])], batched: true },
  { op: "Flatten", label: "axis 2", inputs: [random([2, 3, 4])], attributes: { axis: 2 }, batched: true },
  { op: "Reshape", inputs: [random([2, 3, 4]), int64([0, -1])], batched: true },
  { op: "Reshape", label: "through the batch", inputs: [random([2, 3, 4]), int64([-1, 4])], batched: true },
  { op: "Squeeze", inputs: [random([2, 1, 4, 1]), int64([1, -1])], batched: true },
  { op: "Squeeze", label: "all", inputs: [random([2, 1, 4, 1])] },
  { op: "Unsqueeze", inputs: [random([2, 3]), int64([1, -1])], batched: true },
  { op: "Transpose", inputs: [random([2, 3, 4])], batched: true },
  { op: "Transpose", label: "perm", inputs: [random([2, 3, 4])], attributes: { perm: [1, 2, 0] }, batched: true },
  { op: "Slice", inputs: [random([2, 5, 6]), int64([1, 0]), int64([4, 5]), int64([1, 2])], batched: true },
  {
    op: "Slice",
    label: "strides, as option A",
    inputs: [random([2, 3, 6, 7]), int64([0, 0]), int64([Number.MAX_SAFE_INTEGER, 6]), int64([2, 3]), int64([2, 2])],
    batched: true,
  },
  {
    op: "Slice",
    label: "stride beyond the end",
    inputs: [random([2, 7]), int64([2]), int64([7]), int64([1]), int64([3])],
  },
  { op: "Slice", label: "backwards", inputs: [random([2, 7]), int64([-1]), int64([-99]), int64([-1]), int64([-2])] },
  { op: "Slice", label: "backwards, part", inputs: [random([2, 7]), int64([5]), int64([0]), int64([1]), int64([-1])] },
  { op: "Pad", inputs: [random([2, 3]), int64([0, 1, 0, 2]), scalar(1.5)], constants: [2], batched: true },
  { op: "Pad", label: "crop", inputs: [random([4, 5]), int64([1, -1, 0, 2])] },
  { op: "Pad", label: "axes, no value", inputs: [random([2, 3, 4]), int64([1, 2]), undefined, int64([1])] },
  ...["reflect", "edge"].map(
    (mode): Sample => ({
      op: "Pad",
      label: mode,
      inputs: [random([3, 4]), int64([1, 2, 0, 3])],
      attributes: { mode },
      differentiate: [],
    }),
  ),
  {
    op: "Concat",
    inputs: [random([2, 3, 2]), random([2, 1, 2]), random([2, 4, 2])],
    attributes: { axis: 1 },
    differentiate: [0, 1, 2],
  },
  { op: "Concat", label: "int64", inputs: [int64([1, 2]), int64([3])], attributes: { axis: 0 } },
  { op: "Split", inputs: [random([2, 7]), int64([3, 4])], attributes: { axis: 1 }, outputs: 2 },
  { op: "Split", label: "equal", inputs: [random([7, 2])], attributes: { axis: 0, num_outputs: 3 }, outputs: 3 },
  { op: "Expand", inputs: [random([2, 1, 3]), int64([1, 4, 1])], batched: true },
  { op: "Expand", label: "more axes", inputs: [random([3, 1]), int64([2, 1, 4])] },
  { op: "Shape", inputs: [random([2, 3, 4])] },
  { op: "Shape", label: "part", inputs: [random([2, 3, 4])], attributes: { start: -2, end: -1 } },
  { op: "Size", inputs: [random([2, 3, 4])] },
  { op: "ConstantOfShape", inputs: [int64([2, 3])], attributes: { value: int64([7]) } },
  { op: "ConstantOfShape", label: "zeros", inputs: [int64([2, 3])] },
  // Indices.
  { op: "Gather", inputs: [random([3, 4, 2]), int64([2, -4, 1, 0], [2, 2])], attributes: { axis: 1 } },
  { op: "Gather", label: "scalar", inputs: [int64([5, 6, 7]), int64([1], [])] },
  {
    op: "ScatterElements",
    inputs: [random([3, 4]), int64([0, 1, 1, -1], [2, 2]), random([2, 2])],
    attributes: { axis: 1 },
  },
  {
    op: "ScatterElements",
    label: "add",
    inputs: [random([5]), int64([1, 1, 3]), random([3])],
    attributes: { reduction: "add" },
  },
  { op: "OneHot", inputs: [int64([0, 2, -1]), int64([4], [1]), float32([0.1, 0.9])], constants: [2] },
  {
    op: "OneHot",
    label: "axis 0",
    inputs: [int64([0, 2, 1, 1], [2, 2]), int64([3], [1]), float32([0, 1])],
    attributes: { axis: 0 },
    constants: [2],
  },
  { op: "ArgMax", inputs: [random([3, 4])], attributes: { axis: 1, keepdims: 0 } },
  {
    op: "ArgMax",
    label: "last of ties",
    inputs: [float32([1, 5, 5, 2], [2, 2])],
    attributes: { axis: 0, select_last_index: 1 },
  },
];
