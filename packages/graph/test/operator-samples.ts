/** @file Samples of every ONNX operator: what the driver in `src/operators/operators.test.ts` runs and differentiates. */

import { float32, int64 } from "../src/ir/tensor.js";
import type { Attributes, Tensor } from "../src/ir/types.js";
import { distinctValues } from "./gradient-check.js";

export interface Sample {
  readonly op: string;
  readonly domain?: string;
  readonly label?: string;
  /** Floats become graph inputs, the rest constants; undefined leaves an optional input out. */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
  /** Inputs with a gradient; the first by default where the operator has a rule. */
  readonly differentiate?: readonly number[];
  /** The first dimension of input 0 is the symbol N. */
  readonly batched?: boolean;
  /** Inputs that are constants although they are floats. */
  readonly constants?: readonly number[];
}

let seed = 1;
/** Random values, shifted and scaled, in float32. */
const random = (shape: readonly number[], scale = 1, offset = 0): Tensor =>
  float32(
    Float32Array.from(distinctValues(shape, seed++).data as Float64Array, (v) => v * scale + offset),
    shape,
  );
const scalar = (value: number): Tensor => float32([value], []);
const integers = (dtype: "int32" | "uint8" | "int8", values: readonly number[], shape = [values.length]): Tensor => ({
  dtype,
  shape,
  data: (dtype === "int32" ? Int32Array : dtype === "int8" ? Int8Array : Uint8Array).from(values),
});
const bools = (values: readonly number[], shape = [values.length]): Tensor => ({
  dtype: "bool",
  shape,
  data: Uint8Array.from(values),
});

const unary = (op: string, x: Tensor = random([2, 3, 4]), attributes: Attributes = {}): Sample => ({
  op,
  inputs: [x],
  attributes,
});
const binary = (op: string, a: Tensor, b: Tensor, more: Partial<Sample> = {}): Sample => ({
  op,
  inputs: [a, b],
  ...more,
});
const both = { differentiate: [0, 1] };

export const samples: readonly Sample[] = [
  // Elementwise, one input.
  ...["Relu", "LeakyRelu", "Sigmoid", "HardSigmoid", "Tanh", "Exp", "Abs", "Neg", "Identity"].map((op) => unary(op)),
  unary("HardSigmoid", random([20], 5), { alpha: 0.2, beta: 0.4 }),
  unary("HardSwish", random([24], 5)),
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
    { op, inputs: [random([2, 3]), random([3]), random([1])] },
    binary(op, int64([1, 5]), int64([3, 2]), { label: "int64" }),
  ]),
  { op: "Sum", inputs: [random([2, 3]), random([3]), random([2, 1])], differentiate: [0, 1, 2] },
  ...["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"].flatMap((op) => [
    binary(op, float32([1, 2, 3]), float32([2])),
    binary(op, int64([1, 2, 3]), int64([2]), { label: "int64" }),
  ]),
  ...["And", "Or"].map((op) => binary(op, bools([0, 1, 0, 1]), bools([0, 0, 1, 1]))),
  { op: "Where", inputs: [bools([1, 0, 1], [3]), random([2, 3]), random([2, 1])], differentiate: [1, 2] },
  // Convolution.
  ...[
    { label: "1x1", x: [2, 3, 4, 4], w: [5, 3, 1, 1], attributes: {} },
    { label: "padded", x: [2, 3, 5, 6], w: [4, 3, 3, 3], attributes: { pads: [1, 1, 1, 1] } },
    { label: "stride", x: [2, 3, 7, 6], w: [4, 3, 3, 3], attributes: { pads: [1, 1, 1, 1], strides: [2, 2] } },
    { label: "dilated", x: [1, 2, 9, 8], w: [3, 2, 3, 2], attributes: { dilations: [2, 3], pads: [1, 0, 2, 1] } },
    {
      label: "grouped",
      x: [2, 4, 5, 5],
      w: [6, 2, 3, 3],
      attributes: { group: 2, strides: [1, 2], kernel_shape: [3, 3] },
    },
    { label: "depthwise", x: [2, 4, 5, 5], w: [4, 1, 3, 3], attributes: { group: 4, pads: [1, 1, 1, 1] } },
    { label: "same upper", x: [1, 2, 7, 6], w: [3, 2, 3, 2], attributes: { auto_pad: "SAME_UPPER", strides: [2, 2] } },
    { label: "same lower", x: [1, 2, 7, 6], w: [3, 2, 2, 3], attributes: { auto_pad: "SAME_LOWER", strides: [2, 1] } },
    { label: "valid", x: [1, 2, 7, 6], w: [3, 2, 3, 3], attributes: { auto_pad: "VALID" } },
    { label: "1-D", x: [2, 3, 9], w: [4, 3, 3], attributes: { pads: [1, 1], strides: [2] } },
    {
      label: "3-D",
      x: [1, 2, 4, 5, 3],
      w: [3, 2, 2, 3, 1],
      attributes: { pads: [0, 1, 0, 1, 1, 0], dilations: [2, 1, 1] },
    },
  ].map(
    ({ label, x, w, attributes }): Sample => ({
      op: "Conv",
      label,
      inputs: [random(x), random(w), random([w[0]!])],
      attributes,
      differentiate: [0, 1, 2],
      batched: true,
    }),
  ),
  ...[
    { label: "stride", x: [2, 3, 4, 5], w: [3, 2, 3, 3], attributes: { strides: [2, 2], pads: [1, 1, 1, 1] } },
    {
      label: "output padding",
      x: [2, 3, 4, 5],
      w: [3, 2, 3, 3],
      attributes: { strides: [2, 2], output_padding: [1, 1] },
    },
    { label: "grouped", x: [1, 4, 4, 3], w: [4, 2, 2, 3], attributes: { group: 2, dilations: [2, 1] } },
    { label: "output shape", x: [1, 2, 3, 3], w: [2, 2, 3, 3], attributes: { strides: [2, 2], output_shape: [6, 6] } },
    { label: "same", x: [1, 2, 3, 3], w: [2, 2, 3, 3], attributes: { strides: [2, 2], auto_pad: "SAME_UPPER" } },
  ].map(
    ({ label, x, w, attributes }): Sample => ({
      op: "ConvTranspose",
      label,
      inputs: [random(x), random(w), random([w[1]! * ((attributes as { group?: number }).group ?? 1)])],
      attributes,
    }),
  ),
  // Normalization.
  {
    op: "BatchNormalization",
    inputs: [random([2, 3, 4, 4]), random([3]), random([3]), random([3]), random([3], 0.3, 1)],
    attributes: { epsilon: 1e-3 },
    differentiate: [0, 1, 2],
    batched: true,
  },
  {
    op: "BatchNormalization",
    label: "training",
    inputs: [random([2, 3, 4, 4]), random([3]), random([3]), random([3]), random([3], 0.3, 1)],
    attributes: { training_mode: 1, momentum: 0.8 },
    outputs: 3,
    differentiate: [],
  },
  // Pooling.
  ...[
    { label: "plain", x: [2, 3, 6, 6], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
    { label: "padded", x: [2, 3, 7, 6], attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } },
    { label: "overlap", x: [1, 2, 5, 5], attributes: { kernel_shape: [3, 2], pads: [1, 0, 0, 1] } },
    { label: "ceil", x: [1, 2, 6, 7], attributes: { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 } },
    {
      // The last window would start in the padding and is dropped, which the shape inference of older opsets does not know:
      // the runtime can run this, but nothing after it.
      label: "ceil, padded",
      differentiate: [],
      x: [1, 2, 6, 7],
      attributes: { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 1, 1, 1], ceil_mode: 1 },
    },
    { label: "same", x: [1, 2, 5, 6], attributes: { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_UPPER" } },
    { label: "dilated", x: [1, 2, 8, 7], attributes: { kernel_shape: [3, 2], dilations: [2, 3] } },
  ].flatMap(({ label, x, attributes, ...rest }): Sample[] => [
    { op: "MaxPool", label, inputs: [random(x)], attributes, batched: true, ...rest },
    { op: "MaxPool", label: `${label}, indices`, inputs: [random(x)], attributes, outputs: 2, ...rest },
    { op: "AveragePool", label, inputs: [random(x)], attributes, batched: true, ...rest },
    {
      op: "AveragePool",
      label: `${label}, pad counted`,
      inputs: [random(x)],
      attributes: { ...attributes, count_include_pad: 1 },
      ...rest,
    },
  ]),
  { op: "GlobalAveragePool", inputs: [random([2, 3, 4, 5])], batched: true },
  // Linear algebra.
  binary("MatMul", random([3, 4]), random([4, 5]), { ...both, batched: true }),
  binary("MatMul", random([2, 3, 4]), random([4, 5]), { ...both, label: "batched", batched: true }),
  binary("MatMul", random([2, 1, 3, 4]), random([5, 4, 2]), { ...both, label: "broadcast" }),
  ...[0, 1].flatMap((transA) =>
    [0, 1].map(
      (transB): Sample => ({
        op: "Gemm",
        label: `${transA}${transB}`,
        inputs: [
          random(transA ? [4, 3] : [3, 4]),
          random(transB ? [5, 4] : [4, 5]),
          random([[5], [3, 1], [1], [3, 5]][2 * transA + transB]!),
        ],
        attributes: { transA, transB, alpha: 0.5, beta: 2 },
        differentiate: [0, 1, 2],
      }),
    ),
  ),
  {
    op: "Gemm",
    label: "as torch writes it",
    inputs: [random([3, 4]), random([5, 4]), random([5])],
    attributes: { transB: 1 },
    differentiate: [0, 1, 2],
    batched: true,
  },
  ...[0, 1].map(
    (transA): Sample => ({
      op: "FusedMatMul",
      domain: "com.microsoft",
      label: `${transA}`,
      inputs: [random(transA ? [2, 4, 3] : [2, 3, 4]), random([5, 4])],
      attributes: { transA, transB: 1, alpha: 0.5 },
    }),
  ),
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
