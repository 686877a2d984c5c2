/** @file Samples of reductions and quantization. */

import { float32, int64 } from "../../src/ir/tensor.js";
import { integers, random, type Sample, scalar } from "./sample.js";

export const reductions: readonly Sample[] = [
  // Reductions.
  ...["ReduceSum", "ReduceMean", "ReduceSumSquare", "ReduceMax", "ReduceMin", "ReduceProd"].flatMap((op): Sample[] => [
    { op, inputs: [random([2, 3, 4]), int64([1, -1])], batched: true },
    { op, label: "dropped", inputs: [random([2, 3, 4]), int64([1])], attributes: { keepdims: 0 }, batched: true },
    {
      op,
      label: "over the batch",
      inputs: [random([2, 3, 4]), int64([0, 2])],
      attributes: { keepdims: 0 },
      batched: true,
    },
    { op, label: "all", inputs: [random([2, 3])], attributes: { keepdims: 0 } },
  ]),
  { op: "Softmax", inputs: [random([3, 5], 3)], batched: true },
  { op: "Softmax", label: "axis 1 of 3", inputs: [random([2, 5, 3], 3)], attributes: { axis: 1 } },
  { op: "LogSoftmax", inputs: [random([3, 5], 3)], batched: true },
  // Quantization.
  { op: "QuantizeLinear", inputs: [random([3, 7], 40), scalar(0.13), integers("uint8", [120], [])], constants: [1] },
  {
    op: "QuantizeLinear",
    label: "per channel",
    inputs: [random([3, 2, 4], 4), float32([0.1, 0.02]), integers("int8", [0, -3])],
    constants: [1],
  },
  {
    op: "DequantizeLinear",
    inputs: [integers("int8", [-128, 0, 5, 127], [2, 2]), float32([0.1, 0.3]), integers("int8", [0, 4])],
    attributes: { axis: 0 },
    constants: [1],
  },
];
