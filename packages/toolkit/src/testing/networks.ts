/** @file Small networks for tests, with every operator that the engine has and seeded weights. */

import { float32, type Graph, GraphBuilder, type Tensor } from "@subbyte/graph";
import { Random } from "../random.js";

/** How the networks here take images: `[3, 16, 16]`. */
export const preprocessing = {
  channels: 3,
  height: 16,
  width: 16,
  resize: "exact",
  mean: [0.4, 0.5, 0.6],
  std: [0.2, 0.25, 0.3],
} as const;

/** Weights with the spread of a trained layer. */
export function randomTensor(random: Random, shape: readonly number[], spread: number): Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return float32(
    Float32Array.from({ length: count }, () => spread * random.normal()),
    shape,
  );
}

/**
 * Stem, max pool, a basic block with projection shortcut, a block with option-A shortcut, depthwise convolution with
 * hard-swish, concatenated branches, average pools, ReLU6, a linear layer: `[N, channels, 16, 16]` → `[N, 5]`.
 */
export function kitchenSink(seed: number, channels: 1 | 3 = 3): Graph {
  const random = new Random(seed);
  const b = new GraphBuilder("kitchen-sink");
  const conv = (
    name: string,
    x: string,
    inputs: number,
    outputs: number,
    kernel: number,
    { stride = 1, group = 1, dilation = 1 } = {},
  ) => {
    const pad = ((kernel - 1) * dilation) >> 1;
    const fanIn = (inputs / group) * kernel * kernel;
    const weight = b.constant(
      randomTensor(random, [outputs, inputs / group, kernel, kernel], Math.sqrt(2 / fanIn)),
      `${name}.weight`,
    );
    const bias = b.constant(randomTensor(random, [outputs], 0.1), `${name}.bias`);
    return b.op(
      "Conv",
      [x, weight, bias],
      {
        kernel_shape: [kernel, kernel],
        strides: [stride, stride],
        pads: [pad, pad, pad, pad],
        dilations: [dilation, dilation],
        group,
      },
      { name },
    );
  };
  const relu = (x: string) => b.op("Relu", [x]);
  const add = (x: string, y: string) => b.op("Add", [x, y]);

  let x = b.input("input", "float32", ["N", channels, 16, 16]);
  x = relu(conv("stem", x, channels, 8, 3));
  x = b.op("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }); // 8 × 8

  const branch = conv("block1.conv2", relu(conv("block1.conv1", x, 8, 12, 3)), 12, 12, 3);
  x = relu(add(branch, conv("block1.shortcut", x, 8, 12, 1)));

  const half = b.op("Slice", [x, b.ints([0, 0]), b.ints([8, 8]), b.ints([2, 3]), b.ints([2, 2])]);
  const wide = b.op("Pad", [half, b.ints([0, 2, 0, 0, 0, 2, 0, 0])]);
  const strided = conv("block2.conv2", relu(conv("block2.conv1", x, 12, 16, 3, { stride: 2 })), 16, 16, 3);
  x = relu(add(strided, wide)); // 16 channels, 4 × 4

  const swish = b.op("HardSwish", [conv("depthwise", x, 16, 16, 3, { group: 16 })]);
  const clipped = b.op("Clip", [conv("dilated", x, 16, 8, 3, { dilation: 2, group: 2 }), b.scalar(0), b.scalar(1.5)]);
  const pooled = b.op("AveragePool", [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 });
  x = b.op("Concat", [swish, clipped, pooled], { axis: 1 }); // 40 channels
  x = add(conv("mix", x, 40, 24, 1), conv("mix2", x, 40, 24, 1)); // two-sided sum, no activation

  x = b.op("Flatten", [b.op("GlobalAveragePool", [x])], { axis: 1 });
  const weight = b.constant(randomTensor(random, [5, 24], 0.3), "fc.weight");
  const bias = b.constant(randomTensor(random, [5], 0.1), "fc.bias");
  b.output(b.op("Gemm", [x, weight, bias], { transB: 1 }, { name: "fc" }));
  return b.build();
}

/**
 * Batch normalization that cannot be folded into a layer before it, as in ResNet-v2 and DenseNet: on the image, before
 * convolutions, on a concatenation, at the end: `[N, 3, 16, 16]` → `[N, 5]`.
 */
export function preActivation(seed: number): Graph {
  const random = new Random(seed);
  const b = new GraphBuilder("pre-activation");
  const parameter = (name: string, shape: readonly number[], spread: number) =>
    b.constant(randomTensor(random, shape, spread), name);
  const norm = (name: string, x: string, channels: number) => {
    const affine = ["weight", "bias", "running_mean"].map((each) => parameter(`${name}.${each}`, [channels], 0.7));
    const variance = b.constant(float32(new Float32Array(channels).fill(0.5), [channels]), `${name}.running_var`);
    return b.op("BatchNormalization", [x, ...affine, variance], {}, { name });
  };
  const conv = (name: string, x: string, inputs: number, outputs: number) => {
    const weight = parameter(`${name}.weight`, [outputs, inputs, 3, 3], Math.sqrt(2 / (9 * inputs)));
    return b.op("Conv", [x, weight], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }, { name });
  };
  const relu = (x: string) => b.op("Relu", [x]);

  const stem = conv("stem", norm("norm0", b.input("input", "float32", ["N", 3, 16, 16]), 3), 3, 8);
  const sum = b.op("Add", [conv("residual", relu(norm("norm1", stem, 8)), 8, 8), stem]);
  const dense = b.op("Concat", [sum, conv("dense", relu(norm("norm2", sum, 8)), 8, 4)], { axis: 1 });
  const last = conv("last", relu(norm("norm3", dense, 12)), 12, 8);
  const pooled = b.op("GlobalAveragePool", [relu(norm("norm4", b.op("Add", [last, stem]), 8))]);
  const weight = parameter("fc.weight", [5, 8], 0.5);
  b.output(b.op("Gemm", [b.op("Flatten", [pooled], { axis: 1 }), weight], { transB: 1 }, { name: "fc" }));
  return b.build();
}

/** A branch through half of the channels, joined and shuffled, as ShuffleNet-v2 is exported: `[N, 3, 16, 16]` → `[N, 5]`. */
export function channelShuffle(seed: number): Graph {
  const random = new Random(seed);
  const b = new GraphBuilder("channel-shuffle");
  const conv = (name: string, x: string, shape: readonly number[], group: number) => {
    const weight = b.constant(randomTensor(random, shape, 0.5), `${name}.weight`);
    return b.op("Relu", [b.op("Conv", [x, weight], { pads: [1, 1, 1, 1], group }, { name })]);
  };
  const stem = conv("stem", b.input("input", "float32", ["N", 3, 16, 16]), [8, 3, 3, 3], 1);
  const [left, right] = [0, 4].map((first) =>
    b.op("Slice", [stem, b.ints([first]), b.ints([first + 4]), b.ints([1])]),
  ) as [string, string];
  const joined = b.op("Concat", [left, conv("branch", right, [4, 1, 3, 3], 4)], { axis: 1 });
  const apart = b.op("Reshape", [joined, b.ints([0, 2, 4, 16, 16])]);
  const shuffled = b.op("Reshape", [b.op("Transpose", [apart], { perm: [0, 2, 1, 3, 4] }), b.ints([0, 8, 16, 16])]);
  const mixed = conv("mix", shuffled, [6, 4, 3, 3], 2);
  const weight = b.constant(randomTensor(random, [5, 6], 0.5), "fc.weight");
  const pooled = b.op("Flatten", [b.op("GlobalAveragePool", [mixed])], { axis: 1 });
  b.output(b.op("Gemm", [pooled, weight], { transB: 1 }, { name: "fc" }));
  return b.build();
}

/**
 * Squeeze-and-excitation: a feature map times a gate for each channel, the gate first or second, and a product of two maps:
 * `[N, 3, 16, 16]` → `[N, 5]`.
 */
export function squeezeExcitation(seed: number): Graph {
  const random = new Random(seed);
  const b = new GraphBuilder("squeeze-excitation");
  const conv = (name: string, x: string, shape: readonly number[], pad = 0) => {
    const weight = b.constant(
      randomTensor(random, shape, Math.sqrt(2 / (shape[1]! * shape[2]! ** 2))),
      `${name}.weight`,
    );
    const bias = b.constant(randomTensor(random, [shape[0]!], 0.1), `${name}.bias`);
    return b.op("Conv", [x, weight, bias], { kernel_shape: shape.slice(2), pads: [pad, pad, pad, pad] }, { name });
  };
  const gate = (name: string, x: string, op: string) => {
    const squeezed = b.op("Relu", [conv(`${name}.fc1`, b.op("GlobalAveragePool", [x]), [4, 8, 1, 1])]);
    return b.op(op, [conv(`${name}.fc2`, squeezed, [8, 4, 1, 1])]);
  };
  const stem = b.op("Relu", [conv("stem", b.input("input", "float32", ["N", 3, 16, 16]), [8, 3, 3, 3], 1)]);
  const first = b.op("Mul", [gate("se1", stem, "HardSigmoid"), stem], {}, { name: "se1.mul" });
  const inner = b.op("HardSwish", [conv("inner", first, [8, 8, 3, 3], 1)]);
  const second = b.op("Relu", [b.op("Mul", [inner, gate("se2", inner, "Sigmoid")], {}, { name: "se2.mul" })]);
  const sum = b.op("Add", [conv("project", second, [8, 8, 1, 1]), first]);
  const squared = b.op("Mul", [sum, second], {}, { name: "maps.mul" });
  const weight = b.constant(randomTensor(random, [5, 8], 0.5), "fc.weight");
  const pooled = b.op("Flatten", [b.op("GlobalAveragePool", [squared])], { axis: 1 });
  b.output(b.op("Gemm", [pooled, weight], { transB: 1 }, { name: "fc" }));
  return b.build();
}
