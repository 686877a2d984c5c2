/**
 * @file Networks of Keras by its other ways to ONNX: keras2onnx (a Transpose on both sides of every convolution, batch normalization as
 * a node of its own, features flattened with channels last) and Keras 3 on PyTorch (layouts likewise, batch normalization and
 * activations in parts).
 */

import type { Graph } from "@subbyte/graph";
import { Builder } from "./builder.js";

const SIDE = 32;
const CLASSES = 10;

const toFirst = (b: Builder, x: string): string => b.op("Transpose", [x], { perm: [0, 3, 1, 2] });
const toLast = (b: Builder, x: string): string => b.op("Transpose", [x], { perm: [0, 2, 3, 1] });

function dense(b: Builder, name: string, x: string, inputs: number, outputs: number): string {
  const product = b.op("MatMul", [x, b.weights(`${name}/kernel`, [inputs, outputs], inputs)], {}, { name });
  return b.op("Add", [product, b.constant(b.normal([outputs], 0.1), `${name}/bias`)], {}, { name: `${name}/add` });
}

/** A plain network of convolutions with LeakyReLU, pooling, and two linear layers behind Flatten. */
export function keras2onnx(): Graph {
  const b = new Builder("sequential");
  let x = b.input("conv2d_input", "float32", ["N", SIDE, SIDE, 3]);
  let channels = 3;
  for (const [i, outputs] of [16, 24].entries()) {
    const bn = b.batchNorm(
      `batch_normalization_${i}`,
      b.conv(`conv2d_${i}`, toFirst(b, x), [outputs, channels, 3, 3], { auto_pad: "SAME_UPPER", strides: [1, 1] }),
      outputs,
    );
    const active = b.op("LeakyRelu", [toLast(b, bn)], { alpha: 0.3 });
    const pool = { kernel_shape: [2, 2], strides: [2, 2], auto_pad: "VALID" };
    x = toLast(b, b.op("MaxPool", [toFirst(b, active)], pool, { name: `max_pooling2d_${i}` }));
    channels = outputs;
  }
  const features = (SIDE / 4) ** 2 * channels;
  const flat = b.op("Reshape", [x, b.ints([-1, features])], {}, { name: "flatten" });
  const hidden = b.op("Relu", [b.op("Identity", [dense(b, "dense", flat, features, 32)], {}, { name: "dropout" })]);
  b.output(b.op("Softmax", [dense(b, "dense_1", hidden, 32, CLASSES)], {}, { outputs: ["probabilities"] }));
  return b.build();
}

/** A residual network: batch normalization is x·factor + offset per channel, SiLU is x·sigmoid(x), means are over axes 1 and 2. */
export function keras3OnTorch(): Graph {
  const b = new Builder("functional");
  const convolved = (name: string, x: string, inputs: number, outputs: number, stride = 1): string => {
    // "same" padding is a Pad of its own there.
    const padded = b.op("Pad", [toFirst(b, x), b.ints([0, 0, stride === 1 ? 1 : 0, stride === 1 ? 1 : 0, 0, 0, 1, 1])]);
    const y = toLast(b, b.conv(name, padded, [outputs, inputs, 3, 3], { strides: [stride, stride] }, false));
    const factors = b.op("Mul", [y, b.constant(b.positive([1, 1, 1, outputs]), `${name}.gamma`)]);
    return b.op("Add", [factors, b.constant(b.normal([1, 1, 1, outputs], 0.1), `${name}.beta`)]);
  };
  const silu = (x: string): string => b.op("Mul", [x, b.op("Sigmoid", [x])]);
  const image = b.input("keras_tensor", "float32", ["batch", SIDE, SIDE, 3]);
  const rescaled = b.op("Add", [b.op("Mul", [image, b.scalar(1 / 127.5)]), b.scalar(-1)]);
  let x = silu(convolved("conv2d", rescaled, 3, 16, 2));
  for (let i = 0; i < 2; i++) {
    const y = silu(convolved(`block${i}_conv0`, x, 16, 16));
    x = silu(b.op("Add", [convolved(`block${i}_conv1`, y, 16, 16), x]));
  }
  const pooled = b.op("ReduceMean", [x, b.ints([1, 2])], { keepdims: 0 });
  b.output(dense(b, "dense", pooled, 16, CLASSES));
  return b.build();
}
