/** @file Samples of convolution, normalization, pooling and linear algebra. */

import { binary, both, random, type Sample } from "./sample.js";

export const layers: readonly Sample[] = [
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
  { op: "GlobalMaxPool", inputs: [random([2, 3, 4, 2])], differentiate: [] },
  { op: "GlobalAveragePool", inputs: [random([2, 3, 4, 5])], batched: true },
  // Linear algebra.
  binary("MatMul", random([3, 4]), random([4, 5]), { ...both, batched: true }),
  binary("MatMul", random([3]), random([3, 4]), { label: "vector and matrix", differentiate: [] }),
  binary("MatMul", random([2, 4, 3]), random([3]), { label: "matrices and vector", differentiate: [] }),
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
];
