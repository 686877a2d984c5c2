/** @file Forms in which exporters write parts of classifiers, each in a small network. */

import { float32, int64 } from "../src/ir/tensor.js";
import {
  C,
  conv,
  type Form,
  H,
  head,
  linear,
  nchw,
  network,
  nhwc,
  perChannel,
  toFirst,
  toLast,
  transposed,
  W,
} from "./classifier-forms.js";
import { positive, weights } from "./passes.js";

export const forms: readonly Form[] = [
  {
    label: "channels last at the input, first inside (tf2onnx)",
    graph: network(nhwc, (g, x) => head(g, conv(g, transposed(g, x, toFirst), C, 4), 4)),
    operators: ["Conv", "GlobalAveragePool", "Flatten", "Gemm"],
    changes: ["channels-last"],
  },
  {
    label: "channels last everywhere between convolutions (Keras)",
    graph: network(["N", H, W, C], (g, x) => {
      const layer = (value: string, from: number, to: number) =>
        transposed(g, conv(g, transposed(g, value, toFirst), from, to, { pads: [1, 1, 1, 1] }), toLast);
      const a = g.op("Relu", [g.op("Add", [layer(x, C, 4), g.constant(weights([4], 5))])]);
      const b = g.op("Clip", [layer(a, 4, 4), g.scalar(0), g.scalar(6)]);
      const sum = g.op("Add", [a, b]);
      const padded = g.op("Pad", [g.op("Concat", [sum, a], { axis: 3 }), g.ints([0, 0, 1, 0, 0, 1, 0, 0])]);
      const c = layer(padded, 8, 6);
      return linear(g, g.op("ReduceMean", [c, g.ints([1, 2])], { keepdims: 0 }), 6);
    }),
    operators: ["Conv", "Relu", "Conv", "Clip", "Add", "Concat", "Conv", "GlobalAveragePool", "Flatten", "Gemm"],
  },
  {
    label: "channels last flattened into a linear layer",
    graph: network(["N", H, W, 1], (g, x) => {
      const y = transposed(g, conv(g, transposed(g, x, toFirst), 1, 2), toLast);
      return linear(g, g.op("Reshape", [g.op("Relu", [y]), g.ints([-1, 6 * 8 * 2])]), 96);
    }),
    operators: ["Conv", "Relu", "Flatten", "Gemm"],
  },
  {
    label: "means one axis at a time, and Squeezes in a row",
    graph: network(nchw, (g, x) => {
      const y = conv(g, x, C, 4);
      const mean = g.op("ReduceMean", [g.op("ReduceMean", [y, g.ints([3])]), g.ints([2])]);
      return linear(g, g.op("Squeeze", [g.op("Squeeze", [mean, g.ints([3])]), g.ints([2])]), 4);
    }),
    operators: ["Conv", "GlobalAveragePool", "Flatten", "Gemm"],
  },
  {
    label: "means that drop their axes, one at a time",
    graph: network(nchw, (g, x) => {
      const rows = g.op("ReduceMean", [conv(g, x, C, 4), g.ints([2])], { keepdims: 0 });
      return linear(g, g.op("ReduceMean", [rows, g.ints([2])], { keepdims: 0 }), 4);
    }),
    operators: ["Conv", "GlobalAveragePool", "Flatten", "Gemm"],
  },
  {
    label: "GlobalMaxPool and ReduceMax",
    graph: network(nchw, (g, x) => {
      const y = conv(g, x, C, 4);
      const a = g.op("Flatten", [g.op("GlobalMaxPool", [y])]);
      return linear(g, g.op("Sum", [a, g.op("ReduceMax", [y, g.ints([2, 3])], { keepdims: 0 }), a]), 4);
    }),
    operators: ["Conv", "MaxPool", "MaxPool", "Flatten", "Flatten", "Add", "Add", "Gemm"].toSorted(),
  },
  {
    label: "bounds by Max and Min, and of shape [1]",
    graph: network(nchw, (g, x) => {
      const six = g.op("Min", [g.op("Max", [conv(g, x, C, 4), g.scalar(0)]), g.constant(float32([6]))]);
      return head(g, g.op("Max", [g.scalar(0), conv(g, six, 4, 4)]), 4);
    }),
    operators: ["Conv", "Clip", "Conv", "Relu", "GlobalAveragePool", "Flatten", "Gemm"],
  },
  {
    label: "BatchNorm1d after pooling, and between ReLU and a linear layer without bias (fastai)",
    graph: network(nchw, (g, x) => {
      const norm = (value: string, channels: number) =>
        g.op("BatchNormalization", [
          value,
          g.constant(positive([channels], 2)),
          g.constant(weights([channels], 3)),
          g.constant(weights([channels], 4)),
          g.constant(positive([channels], 5)),
        ]);
      const pooled = g.op("Flatten", [g.op("GlobalAveragePool", [conv(g, x, C, 4)])]);
      const a = g.op("Relu", [g.op("MatMul", [norm(pooled, 4), g.constant(weights([4, 6]))])]);
      return g.op("MatMul", [norm(a, 6), g.constant(weights([6, 5]))]);
    }),
  },
  {
    label: "a fixed batch that Reshape and Flatten name",
    graph: network([1, C, H, W], (g, x) => {
      const y = g.op("Flatten", [g.op("GlobalAveragePool", [conv(g, x, C, 4)])], { axis: 0 });
      return g.op("Reshape", [linear(g, g.op("Reshape", [y, g.ints([1, -1])]), 4), g.ints([1, 5])]);
    }),
  },
  {
    label: "outputs [N, classes, 1, 1] behind a Softmax over classes",
    graph: network(nchw, (g, x) => {
      const y = g.op("GlobalAveragePool", [conv(g, x, C, 5)]);
      return g.op("Conv", [y, g.constant(weights([5, 5, 1, 1]))]);
    }),
    operators: ["Conv", "GlobalAveragePool", "Conv", "Flatten"],
  },
  {
    label: "normalization by Sub and Div in front of a padded convolution",
    graph: network(nchw, (g, x) => {
      const centred = g.op("Sub", [x, perChannel(g, [123.675, 116.28, 103.53])]);
      return head(
        g,
        conv(g, g.op("Div", [centred, perChannel(g, [58.4, 57.1, 57.4])]), C, 4, { pads: [1, 1, 1, 1] }),
        4,
      );
    }),
    operators: ["Conv", "GlobalAveragePool", "Flatten", "Gemm"],
    unit: 255,
    normalization: { mean: [123.675, 116.28, 103.53], std: [58.4, 57.1, 57.4] },
  },
  {
    label: "bytes, channels last, scaled to -1 … 1",
    graph: network(
      nhwc,
      (g, x) => {
        const scaled = g.op("Mul", [g.op("Cast", [x], { to: 1 }), g.scalar(1 / 128)]);
        return head(
          g,
          conv(g, transposed(g, g.op("Sub", [scaled, g.scalar(1)]), toFirst), C, 4, { pads: [1, 1, 1, 1] }),
          4,
        );
      },
      "uint8",
    ),
    operators: ["Conv", "GlobalAveragePool", "Flatten", "Gemm"],
    unit: 255,
    changes: ["bytes", "channels-last"],
    normalization: { mean: [128, 128, 128], std: [128, 128, 128] },
  },
  {
    label: "transform_input of torchvision's GoogLeNet and Inception-v3",
    graph: network(nchw, (g, x) => {
      const channel = (index: number, factor: number, offset: number) => {
        const plane = g.op("Gather", [x, g.constant(int64([index], []))], { axis: 1 });
        const scaled = g.op("Mul", [g.op("Unsqueeze", [plane, g.ints([1])]), g.scalar(factor)]);
        return g.op("Add", [scaled, g.scalar(offset)]);
      };
      const image = [channel(0, 0.458, -0.03), channel(1, 0.448, -0.088), channel(2, 0.45, -0.188)];
      return head(g, conv(g, g.op("Concat", image, { axis: 1 }), C, 4, { pads: [1, 1, 1, 1] }), 4);
    }),
    operators: ["Conv", "GlobalAveragePool", "Flatten", "Gemm"],
  },
  {
    label: "BGR by a Slice with step -1",
    graph: network(nchw, (g, x) => {
      const turned = g.op("Slice", [x, g.ints([-1]), g.ints([-1000]), g.ints([1]), g.ints([-1])]);
      const centred = g.op("Sub", [turned, perChannel(g, [103.9, 116.8, 123.7])]);
      return head(g, conv(g, centred, C, 4, { pads: [1, 1, 1, 1] }), 4);
    }),
    operators: ["Conv", "GlobalAveragePool", "Flatten", "Gemm"],
    unit: 255,
    normalization: { mean: [123.7, 116.8, 103.9], std: [1, 1, 1] },
  },
  {
    label: "BGR by Split and Concat, channels last",
    graph: network(nhwc, (g, x) => {
      const planes = g.node("Split", [x], { axis: 3, num_outputs: 3 }, { outputs: 3 });
      const turned = g.op("Concat", planes.toReversed(), { axis: -1 });
      return head(g, conv(g, transposed(g, turned, toFirst), C, 4), 4);
    }),
    operators: ["Conv", "GlobalAveragePool", "Flatten", "Gemm"],
  },
  {
    label: "a flat vector of pixels",
    graph: network(["N", 3 * 8 * 8], (g, x) =>
      linear(g, g.op("Relu", [g.op("MatMul", [x, g.constant(weights([192, 6]))])]), 6),
    ),
    operators: ["Flatten", "Gemm", "Relu", "Gemm"],
    changes: ["flat"],
  },
  {
    label: "gray images [N, H, W] (Keras on MNIST)",
    graph: network(["N", 8, 10], (g, x) => linear(g, g.op("Reshape", [x, g.ints([-1, 80])]), 80)),
    changes: ["flat"],
  },
  {
    label: "open height and width",
    graph: network(["N", C, "h", "w"], (g, x) => head(g, conv(g, x, C, 4), 4)),
    size: 9,
    changes: ["size"],
  },
  {
    label: "casts that change nothing, Identity, Dropout",
    graph: network(nchw, (g, x) => {
      const y = g.op("Identity", [g.op("Cast", [conv(g, g.op("Cast", [x], { to: 1 }), C, 4)], { to: 1 })]);
      return g.op("Dropout", [head(g, y, 4)]);
    }),
    operators: ["Conv", "GlobalAveragePool", "Flatten", "Gemm"],
  },
];
