/**
 * @file Networks as PyTorch 2 writes them without TorchScript (`torch.onnx.export(…, dynamo=True)`, the default since 2.9): opset 18, weights
 * in a second file, batch normalization as a node, means over axes from a constant, shapes computed of the batch.
 */

import type { Graph } from "@subbyte/graph";
import { Builder } from "./builder.js";

const CLASSES = 10;

function begin(name: string): [Builder, string] {
  const b = new Builder(name);
  return [b, b.input("x", "float32", ["s77", 3, 48, 48])];
}

/** AdaptiveAvgPool2d(1), then `torch.flatten(x, 1)` by a shape that the batch begins. */
function head(b: Builder, x: string, channels: number): Graph {
  const axes = b.constant({ dtype: "int64", shape: [2], data: BigInt64Array.of(-1n, -2n) }, "val_axes");
  const mean = b.op("ReduceMean", [x, axes], { keepdims: 1, noop_with_empty_axes: 0 }, { name: "node_mean" });
  const batch = b.op("Shape", [x], { start: 0, end: 1 }, { name: "node_Shape_1" });
  const to = b.op("Concat", [batch, b.ints([channels])], { axis: 0 }, { name: "node_Concat_2" });
  const view = b.op("Reshape", [mean, to], { allowzero: 1 }, { name: "node_view" });
  const weight = b.weights("classifier.weight", [CLASSES, channels]);
  const bias = b.constant(b.normal([CLASSES], 0.1), "classifier.bias");
  b.output(b.op("Gemm", [view, weight, bias], { alpha: 1, beta: 1, transA: 0, transB: 1 }, { name: "node_linear" }));
  return b.build();
}

/** What the exporter writes of each convolution: all attributes, strings included. */
const attributes = (pad: number, stride = 1, group = 1) => ({
  auto_pad: "NOTSET",
  dilations: [1, 1],
  group,
  pads: [pad, pad, pad, pad],
  strides: [stride, stride],
});

/** ResNet: no biases, batch normalization behind every convolution. */
export function resNet(): Graph {
  const [b, image] = begin("main_graph");
  let count = 0;
  const layer = (x: string, inputs: number, outputs: number, size: number, stride = 1): string => {
    const name = `node_conv2d_${count++}`;
    const y = b.conv(name, x, [outputs, inputs, size, size], attributes(size >> 1, stride), false);
    return b.batchNorm(`${name}.bn`, y, outputs);
  };
  const relu = (x: string): string => b.op("Relu", [x]);
  const pool = { auto_pad: "NOTSET", ceil_mode: 0, dilations: [1, 1], kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  let x = b.op("MaxPool", [relu(layer(image, 3, 16, 7, 2))], { ...pool, storage_order: 0, strides: [2, 2] });
  x = relu(b.op("Add", [layer(relu(layer(x, 16, 16, 3)), 16, 16, 3), x]));
  x = relu(b.op("Add", [layer(relu(layer(x, 16, 32, 3, 2)), 32, 32, 3), layer(x, 16, 32, 1, 2)]));
  return head(b, x, 32);
}

/** MobileNet-v3: functions in parts, as the exporter decomposes them. */
export function mobileNetV3(): Graph {
  const [b, image] = begin("main_graph");
  const hardSigmoid = (x: string): string => b.op("HardSigmoid", [x], { alpha: 1 / 6, beta: 0.5 });
  const hardSwish = (x: string): string => b.op("HardSwish", [x]);
  let x = hardSwish(b.conv("node_conv2d", image, [16, 3, 3, 3], attributes(1, 2)));
  for (let i = 0; i < 2; i++) {
    const name = `node_conv2d_${i}`;
    const wide = hardSwish(b.conv(`${name}_expand`, x, [32, 16, 1, 1], attributes(0)));
    const y = hardSwish(b.conv(`${name}_depthwise`, wide, [32, 1, 3, 3], attributes(1, 1, 32)));
    const mean = b.op("ReduceMean", [y, b.ints([-1, -2])], { keepdims: 1 });
    const reduced = b.op("Relu", [b.conv(`${name}_fc1`, mean, [8, 32, 1, 1], attributes(0))]);
    const gate = hardSigmoid(b.conv(`${name}_fc2`, reduced, [32, 8, 1, 1], attributes(0)));
    x = b.op("Add", [b.conv(`${name}_project`, b.op("Mul", [gate, y]), [16, 32, 1, 1], attributes(0)), x]);
  }
  return head(b, x, 16);
}

/** ShuffleNet: channels are dealt anew by Reshape and Transpose with the batch in the shape; Split in halves. */
export function shuffleNet(): Graph {
  const [b, image] = begin("main_graph");
  const relu = (x: string): string => b.op("Relu", [x]);
  let x = relu(b.conv("node_conv2d", image, [16, 3, 3, 3], attributes(1, 2)));
  for (let i = 0; i < 2; i++) {
    const [left, right] = b.node("Split", [x, b.ints([8, 8])], { axis: 1 }, { outputs: 2 }) as [string, string];
    const pointwise = relu(b.conv(`node_conv2d_${i}_0`, right, [8, 8, 1, 1], attributes(0)));
    const depthwise = b.conv(`node_conv2d_${i}_1`, pointwise, [8, 1, 3, 3], attributes(1, 1, 8));
    const joined = b.op("Concat", [left, relu(b.conv(`node_conv2d_${i}_2`, depthwise, [8, 8, 1, 1], attributes(0)))], {
      axis: 1,
    });
    const batch = b.op("Shape", [joined], { start: 0, end: 1 });
    const to = (...sizes: number[]) => b.op("Concat", [batch, b.ints(sizes)], { axis: 0 });
    const split = b.op("Reshape", [joined, to(2, 8, 24, 24)], { allowzero: 1 });
    x = b.op("Reshape", [b.op("Transpose", [split], { perm: [0, 2, 1, 3, 4] }), to(16, 24, 24)], { allowzero: 1 });
  }
  return head(b, x, 16);
}
