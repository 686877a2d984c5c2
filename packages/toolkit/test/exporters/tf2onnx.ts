/**
 * @file Networks of Keras as tf2onnx writes them: images with channels last, one Transpose in front, batch normalization in the
 * convolutions, TensorFlow's "same" padding at the right and bottom, ReLU6 as Clip, hard-swish in parts. Source: tf2onnx 1.16.
 */

import type { Graph } from "@subbyte/graph";
import { Builder } from "./builder.js";

const SIDE = 48;
const CLASSES = 10;
const shape = ["unk__1", SIDE, SIDE, 3] as const;

/** TensorFlow pads what is odd at the end. */
const same = { 1: [1, 1, 1, 1], 2: [0, 0, 1, 1] } as const;

function begin(name: string): [Builder, string] {
  const b = new Builder(name);
  return [b, b.input("input_1", "float32", shape)];
}

const toFirst = (b: Builder, x: string): string =>
  b.op("Transpose", [x], { perm: [0, 3, 1, 2] }, { name: "StatefulPartitionedCall/model/Conv1/Conv2D__6" });

const relu6 = (b: Builder, x: string): string => b.op("Clip", [x, b.scalar(0), b.scalar(6)]);

/** Names of nodes carry the path of the model's function. */
const path = (name: string): string => `StatefulPartitionedCall/model/${name}`;

function head(b: Builder, x: string, channels: number): Graph {
  const pooled = b.op("GlobalAveragePool", [x], {}, { name: path("global_average_pooling2d/Mean") });
  const flat = b.op(
    "Squeeze",
    [pooled, b.ints([2, 3])],
    {},
    { name: path("global_average_pooling2d/Mean_Squeeze__1") },
  );
  const weight = b.weights(path("predictions/MatMul/ReadVariableOp"), [channels, CLASSES], channels);
  const product = b.op("MatMul", [flat, weight], {}, { name: path("predictions/MatMul") });
  const logits = b.op(
    "Add",
    [product, b.constant(b.normal([CLASSES], 0.1))],
    {},
    { name: path("predictions/BiasAdd") },
  );
  b.output(b.op("Softmax", [logits], {}, { name: path("predictions/Softmax"), outputs: ["predictions"] }));
  return b.build();
}

/** MobileNet-v2: inverted residuals, a Pad of its own in front of strided depthwise convolutions. */
export function mobileNetV2(): Graph {
  const [b, image] = begin("mobilenetv2");
  let x = relu6(
    b,
    b.conv(path("bn_Conv1/FusedBatchNormV3"), toFirst(b, image), [16, 3, 3, 3], { pads: same[2], strides: [2, 2] }),
  );
  let channels = 16;
  for (const [i, [outputs, stride]] of (
    [
      [12, 2],
      [12, 1],
      [20, 2],
      [20, 1],
    ] as const
  ).entries()) {
    const name = path(`block_${i}`);
    const wide = 4 * channels;
    let y = relu6(b, b.conv(`${name}_expand_BN/FusedBatchNormV3`, x, [wide, channels, 1, 1]));
    if (stride === 2) y = b.op("Pad", [y, b.ints([0, 0, 0, 0, 0, 0, 1, 1])], {}, { name: `${name}_pad/Pad` });
    const pads = stride === 2 ? [0, 0, 0, 0] : same[1];
    y = b.conv(`${name}_depthwise_BN/FusedBatchNormV3`, y, [wide, 1, 3, 3], {
      group: wide,
      pads,
      strides: [stride, stride],
    });
    y = b.conv(`${name}_project_BN/FusedBatchNormV3`, relu6(b, y), [outputs, wide, 1, 1]);
    x = stride === 1 && outputs === channels ? b.op("Add", [x, y], {}, { name: `${name}_add/add` }) : y;
    channels = outputs;
  }
  return head(b, x, channels);
}

const hardSwish = (b: Builder, x: string): string => {
  const gate = b.op("Mul", [relu6(b, b.op("Add", [x, b.scalar(3)])), b.scalar(1 / 6)]);
  return b.op("Mul", [x, gate]);
};

/** MobileNet-v3: rescaling inside, squeeze-and-excitation with a hard sigmoid in parts, convolutions as the head. */
export function mobileNetV3(): Graph {
  const [b, image] = begin("mobilenetv3small");
  const scaled = b.op("Mul", [image, b.scalar(1 / 127.5)], {}, { name: path("rescaling/mul") });
  const centred = b.op("Add", [scaled, b.scalar(-1)], {}, { name: path("rescaling/add") });
  let x = hardSwish(
    b,
    b.conv(path("Conv/BatchNorm"), toFirst(b, centred), [16, 3, 3, 3], { pads: same[2], strides: [2, 2] }),
  );
  for (let i = 0; i < 3; i++) {
    const name = path(`expanded_conv_${i}`);
    let y = hardSwish(b, b.conv(`${name}/expand`, x, [48, 16, 1, 1]));
    y = hardSwish(b, b.conv(`${name}/depthwise`, y, [48, 1, 5, 5], { group: 48, pads: [2, 2, 2, 2] }));
    let gate = b.op("GlobalAveragePool", [y], {}, { name: `${name}/squeeze_excite/AvgPool` });
    gate = b.op("Relu", [b.conv(`${name}/squeeze_excite/Conv`, gate, [12, 48, 1, 1])]);
    gate = relu6(b, b.op("Add", [b.conv(`${name}/squeeze_excite/Conv_1`, gate, [48, 12, 1, 1]), b.scalar(3)]));
    y = b.op("Mul", [y, b.op("Mul", [gate, b.scalar(1 / 6)])], {}, { name: `${name}/squeeze_excite/Mul` });
    x = b.op("Add", [x, b.conv(`${name}/project`, y, [16, 48, 1, 1])]);
  }
  const pooled = b.op("GlobalAveragePool", [x]);
  const wide = hardSwish(b, b.conv(path("Conv_2"), pooled, [32, 16, 1, 1]));
  const logits = b.op("Squeeze", [b.conv(path("Logits"), wide, [CLASSES, 32, 1, 1]), b.ints([2, 3])]);
  b.output(b.op("Softmax", [logits], {}, { outputs: ["predictions"] }));
  return b.build();
}

/**
 * EfficientNet: normalization inside, swish, and squeeze-and-excitation whose pooled features are a matrix that is reshaped to
 * [N, 1, 1, C] by the shape of the batch, as Keras' Reshape layer computes it.
 */
export function efficientNet(): Graph {
  const [b, image] = begin("efficientnetb0");
  const swish = (value: string): string => b.op("Mul", [value, b.op("Sigmoid", [value])]);
  const scaled = b.op("Mul", [image, b.scalar(1 / 255)]);
  const centred = b.op("Sub", [scaled, b.numbers([0.485, 0.456, 0.406], [1, 1, 1, 3])]);
  const divided = b.op("Div", [centred, b.numbers([0.229, 0.224, 0.225], [1, 1, 1, 3])]);
  // The padding of the stem is a layer of its own there, on images with channels last.
  const padded = b.op("Pad", [divided, b.ints([0, 0, 0, 0, 0, 1, 1, 0])], {}, { name: path("stem_conv_pad/Pad") });
  let x = swish(b.conv(path("stem_bn/FusedBatchNormV3"), toFirst(b, padded), [16, 3, 3, 3], { strides: [2, 2] }));
  for (const name of ["block1a", "block1b"].map(path)) {
    const y = swish(b.conv(`${name}_bn/FusedBatchNormV3`, x, [16, 1, 3, 3], { group: 16, pads: same[1] }));
    const pooled = b.op("Squeeze", [b.op("GlobalAveragePool", [y]), b.ints([2, 3])]);
    const sizes = b.op("Cast", [b.op("Shape", [pooled])], { to: 6 });
    const batch = b.op("Slice", [sizes, b.ints([0]), b.ints([1]), b.ints([0])]);
    const to = b.op("Concat", [batch, b.int32([1]), b.int32([1]), b.int32([16])], { axis: 0 });
    const matrix = b.op("Reshape", [pooled, b.op("Cast", [to], { to: 7 })], {}, { name: `${name}_se_reshape/Reshape` });
    const features = b.op("Transpose", [matrix], { perm: [0, 3, 1, 2] });
    const reduced = swish(b.conv(`${name}_se_reduce/Conv2D`, features, [4, 16, 1, 1]));
    const gate = b.op("Sigmoid", [b.conv(`${name}_se_expand/Conv2D`, reduced, [16, 4, 1, 1])]);
    const excited = b.op("Mul", [y, gate], {}, { name: `${name}_se_excite/mul` });
    x = b.op("Add", [b.conv(`${name}_project_bn/FusedBatchNormV3`, excited, [16, 16, 1, 1]), x]);
  }
  return head(b, swish(b.conv(path("top_bn/FusedBatchNormV3"), x, [32, 16, 1, 1])), 32);
}
