/** @file Samples of elementwise operators. */

import { float32, int64 } from "../../src/ir/tensor.js";
import { binary, bools, both, random, type Sample, scalar, unary } from "./sample.js";

export const elementwise: readonly Sample[] = [
  // Elementwise, one input.
  ...["Relu", "LeakyRelu", "Sigmoid", "HardSigmoid", "Tanh", "Exp", "Abs", "Neg", "Identity"].map((op) => unary(op)),
  unary("HardSigmoid", random([20], 5), { alpha: 0.2, beta: 0.4 }),
  unary("HardSwish", random([24], 5)),
  ...["Elu", "Celu", "Selu", "Softplus", "Softsign", "ThresholdedRelu", "Erf", "Mish", "Gelu"].map((op) =>
    unary(op, random([3, 8], 3)),
  ),
  { ...unary("Elu", random([20], 3), { alpha: 0.7 }), label: "alpha" },
  { ...unary("Celu", random([20], 3), { alpha: 0.7 }), label: "alpha" },
  { ...unary("Gelu", random([20], 3), { approximate: "tanh" }), label: "tanh" },
  unary("Log", random([2, 5], 0.4, 1)),
  unary("Sqrt", random([2, 5], 0.4, 1)),
  unary("Reciprocal", random([2, 5], 0.4, 1)),
  ...["Sign", "Floor", "Ceil"].map((op) => unary(op, random([20], 3))),
  unary("Round", float32([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.4, 2.6])),
  { op: "Neg", label: "int64", inputs: [int64([3, -4])] },
  { op: "Not", inputs: [bools([0, 1, 1])] },
  { op: "Dropout", inputs: [random([3, 4]), scalar(0.3)], outputs: 2, constants: [1] },
  { op: "Cast", inputs: [random([6], 3)], attributes: { to: 7 }, differentiate: [] },
  { op: "Cast", label: "to bool", inputs: [float32([0, 0.5, -2])], attributes: { to: 9 }, differentiate: [] },
  { op: "Cast", label: "from int64", inputs: [int64([1, -3])], attributes: { to: 1 }, differentiate: [] },
  { op: "Clip", inputs: [random([20], 3), scalar(-1), scalar(1.7)], constants: [1, 2] },
  { op: "Clip", label: "from above", inputs: [random([20], 3), undefined, scalar(1.7)], constants: [2] },
  // Elementwise, several inputs.
  ...["Add", "Sub", "Mul"].flatMap((op) => [
    binary(op, random([2, 3, 4]), random([2, 3, 4]), { ...both, batched: true }),
    binary(op, random([2, 3, 4]), random([3, 1]), { ...both, label: "broadcast", batched: true }),
    binary(op, random([1, 4]), random([2, 3, 1]), { ...both, label: "broadcast both ways" }),
    binary(op, int64([5, -7]), int64([2, 3]), { label: "int64" }),
  ]),
  binary("Div", random([2, 3, 4]), random([3, 1], 0.4, 1), { ...both, batched: true }),
  binary("Div", int64([7, -7]), int64([2, 2]), { label: "int64" }),
  binary("Pow", random([2, 3], 0.4, 1), scalar(2.5), { constants: [1] }),
  ...["Min", "Max"].flatMap((op) => [
    { op, inputs: [random([2, 3]), random([3]), random([1])], differentiate: [0, 1, 2] },
    binary(op, int64([1, 5]), int64([3, 2]), { label: "int64" }),
  ]),
  binary("PRelu", random([2, 3, 4], 2), random([3, 1]), { ...both, batched: true }),
  { op: "Sum", inputs: [random([2, 3]), random([3]), random([2, 1])], differentiate: [0, 1, 2] },
  ...["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"].flatMap((op) => [
    binary(op, float32([1, 2, 3]), float32([2])),
    binary(op, int64([1, 2, 3]), int64([2]), { label: "int64" }),
  ]),
  ...["And", "Or"].map((op) => binary(op, bools([0, 1, 0, 1]), bools([0, 0, 1, 1]))),
  { op: "Where", inputs: [bools([1, 0, 1], [3]), random([2, 3]), random([2, 1])], differentiate: [1, 2] },
];
