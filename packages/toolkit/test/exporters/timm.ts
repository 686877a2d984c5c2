/** @file Networks of timm as PyTorch's TorchScript exporter writes them (opset 17, batch normalization kept or folded). */

import type { Graph } from "@subbyte/graph";
import { Builder } from "./builder.js";

const CLASSES = 10;

function begin(name: string, side = 48): [Builder, string] {
  const b = new Builder(name);
  return [b, b.input("input.1", "float32", ["batch_size", 3, side, side])];
}

function head(b: Builder, x: string, channels: number): Graph {
  const flat = b.op("Flatten", [b.op("GlobalAveragePool", [x])], { axis: 1 }, { name: "/global_pool/flatten/Flatten" });
  const weight = b.weights("classifier.weight", [CLASSES, channels]);
  const bias = b.constant(b.normal([CLASSES], 0.1), "classifier.bias");
  const attributes = { alpha: 1, beta: 1, transB: 1 };
  b.output(b.op("Gemm", [flat, weight, bias], attributes, { name: "/classifier/Gemm", outputs: ["output"] }));
  return b.build();
}

const silu = (b: Builder, x: string): string => b.op("Mul", [x, b.op("Sigmoid", [x])]);

/** tf_efficientnet: "same" padding as a Pad before strided convolutions, SiLU, squeeze-and-excitation by a mean that keeps its axes. */
export function tfEfficientNet(): Graph {
  const [b, image] = begin("tf_efficientnet_b0");
  const padded = b.op(
    "Pad",
    [image, b.ints([0, 0, 0, 0, 0, 0, 1, 1])],
    { mode: "constant" },
    { name: "/conv_stem/Pad" },
  );
  let x = silu(b, b.conv("/conv_stem/Conv", padded, [16, 3, 3, 3], { strides: [2, 2] }));
  let channels = 16;
  for (const [i, [outputs, stride]] of (
    [
      [16, 1],
      [24, 2],
      [24, 1],
    ] as const
  ).entries()) {
    const name = `/blocks/blocks.${i}/blocks.${i}.0`;
    const wide = 4 * channels;
    let y = silu(b, b.conv(`${name}/conv_pw/Conv`, x, [wide, channels, 1, 1]));
    if (stride === 2) y = b.op("Pad", [y, b.ints([0, 0, 0, 0, 0, 0, 1, 1])], { mode: "constant" });
    const pads = stride === 1 ? [1, 1, 1, 1] : [0, 0, 0, 0];
    y = silu(b, b.conv(`${name}/conv_dw/Conv`, y, [wide, 1, 3, 3], { group: wide, pads, strides: [stride, stride] }));
    const mean = b.op("ReduceMean", [y, b.ints([2, 3])], { keepdims: 1 }, { name: `${name}/se/ReduceMean` });
    const reduced = silu(b, b.conv(`${name}/se/conv_reduce/Conv`, mean, [8, wide, 1, 1]));
    const gate = b.op("Sigmoid", [b.conv(`${name}/se/conv_expand/Conv`, reduced, [wide, 8, 1, 1])]);
    y = b.conv(`${name}/conv_pwl/Conv`, b.op("Mul", [y, gate]), [outputs, wide, 1, 1]);
    x = stride === 1 && outputs === channels ? b.op("Add", [y, x]) : y;
    channels = outputs;
  }
  return head(b, silu(b, b.conv("/conv_head/Conv", x, [64, channels, 1, 1])), 64);
}

/** mobilenetv3 of timm: HardSwish and HardSigmoid as nodes, a convolution behind the pooling, Flatten after it. */
export function mobileNetV3(): Graph {
  const [b, image] = begin("mobilenetv3_small_100");
  const swish = (x: string): string => b.op("HardSwish", [x]);
  let x = swish(b.conv("/conv_stem/Conv", image, [16, 3, 3, 3], { pads: [1, 1, 1, 1], strides: [2, 2] }));
  for (let i = 0; i < 2; i++) {
    const name = `/blocks/blocks.${i}`;
    const wide = b.conv(`${name}/conv_pw/Conv`, x, [32, 16, 1, 1]);
    const y = swish(b.conv(`${name}/conv_dw/Conv`, swish(wide), [32, 1, 5, 5], { group: 32, pads: [2, 2, 2, 2] }));
    const mean = b.op("ReduceMean", [y, b.ints([2, 3])], { keepdims: 1 });
    const reduced = b.op("Relu", [b.conv(`${name}/se/conv_reduce/Conv`, mean, [8, 32, 1, 1])]);
    const gate = b.op("HardSigmoid", [b.conv(`${name}/se/conv_expand/Conv`, reduced, [32, 8, 1, 1])], { alpha: 1 / 6 });
    x = b.op("Add", [b.conv(`${name}/conv_pwl/Conv`, b.op("Mul", [y, gate]), [16, 32, 1, 1]), x]);
  }
  const features = swish(b.conv("/conv_head/Conv", b.op("GlobalAveragePool", [x]), [32, 16, 1, 1]));
  const weight = b.weights("classifier.weight", [CLASSES, 32]);
  b.output(b.op("Gemm", [b.op("Flatten", [features]), weight, b.constant(b.normal([CLASSES], 0.1))], { transB: 1 }));
  return b.build();
}

/** resnet18d: a deep stem, and average pooling before the 1×1 convolution of a shortcut. */
export function resNetD(): Graph {
  const [b, image] = begin("resnet18d");
  const layer = (name: string, value: string, inputs: number, outputs: number, size: number, stride = 1): string => {
    const pads = Array<number>(4).fill(size >> 1);
    const attributes = { pads, strides: [stride, stride] };
    const y = b.conv(`${name}/Conv`, value, [outputs, inputs, size, size], attributes, false);
    return b.batchNorm(`${name}/bn`, y, outputs);
  };
  const relu = (value: string): string => b.op("Relu", [value]);
  let x = relu(layer("/conv1.0", image, 3, 8, 3, 2));
  x = relu(layer("/conv1.1", relu(layer("/conv1.2", x, 8, 8, 3)), 8, 16, 3));
  x = b.op("MaxPool", [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] });
  const inner = relu(layer("/layer2.0/conv1", x, 16, 32, 3, 2));
  const half = { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1, count_include_pad: 0 };
  const shortcut = layer("/layer2.0/downsample.1", b.op("AveragePool", [x], half), 16, 32, 1);
  x = relu(b.op("Add", [layer("/layer2.0/conv2", inner, 32, 32, 3), shortcut]));
  return head(b, x, 32);
}

/** RepVGG as it is trained: a 3×3 and a 1×1 convolution and the input itself, each with batch normalization, added. */
export function repVgg(): Graph {
  const [b, image] = begin("repvgg_a0", 32);
  let x = image;
  let channels = 3;
  for (const [i, stride] of [2, 1, 1].entries()) {
    const name = `/stages.${i}`;
    const branch = (size: number): string => {
      const attributes = { pads: Array<number>(4).fill(size >> 1), strides: [stride, stride] };
      return b.batchNorm(
        `${name}/bn${size}`,
        b.conv(`${name}/conv${size}`, x, [16, channels, size, size], attributes, false),
        16,
      );
    };
    let sum = b.op("Add", [branch(3), branch(1)]);
    if (stride === 1) sum = b.op("Add", [sum, b.batchNorm(`${name}/identity`, x, 16)]);
    x = b.op("Relu", [sum]);
    channels = 16;
  }
  return head(b, x, 16);
}
