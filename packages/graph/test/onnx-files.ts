/** @file A small classifier as an ONNX file, and changes to it. */

import { GraphBuilder } from "../src/ir/builder.js";
import { float32 } from "../src/ir/tensor.js";
import type { Graph } from "../src/ir/types.js";
import { type GraphProto, type ModelProto, modelType, type NodeProto } from "../src/onnx/schema.js";
import { writeOnnx } from "../src/onnx/writer.js";

/** Conv, batch norm, pooling, a reduction whose spelling depends on the opset, and a linear layer. */
export function classifier(): Graph {
  const g = new GraphBuilder("classifier");
  const x = g.input("input", "float32", ["N", 2, 6, 6]);
  const weight = g.constant(
    float32(
      Float32Array.from({ length: 36 }, (_, i) => Math.sin(i)),
      [2, 2, 3, 3],
    ),
    "conv.weight",
  );
  const conv = g.op("Conv", [x, weight], { pads: [1, 1, 1, 1], strides: [1, 1] }, { name: "conv" });
  const stats = ["weight", "bias", "running_mean", "running_var"].map((name, i) =>
    g.constant(float32([1 + i, 2 + i]), `bn.${name}`),
  );
  const bn = g.op("BatchNormalization", [conv, ...stats], { epsilon: 1 }, { name: "bn" });
  const relu = g.op("LeakyRelu", [bn], { alpha: 0 }, { name: "relu" });
  const clip = g.op("Clip", [relu, "", g.scalar(6, "six")], {}, { name: "clip" });
  const mean = g.op("ReduceMean", [clip, g.ints([2, 3], "axes")], { keepdims: 0 }, { name: "mean" });
  const fc = g.op(
    "Gemm",
    [mean, g.constant(float32([1, 2, 3, 4, 5, 6], [3, 2]), "fc.weight")],
    { transB: 1, alpha: 2 },
    { name: "fc" },
  );
  g.output(fc);
  return g.build();
}

export const decode = (bytes: Uint8Array): ModelProto & { graph: GraphProto } => modelType.decode(bytes) as never;

/** The classifier's file with a change to its messages. */
export function altered(change: (model: ModelProto & { graph: GraphProto }) => void): Uint8Array {
  const model = decode(writeOnnx(classifier()));
  change(model);
  return modelType.encode(model).finish();
}

export const node = (fields: Partial<NodeProto>): NodeProto => ({
  input: [],
  output: [],
  name: "",
  op_type: "Relu",
  domain: "",
  attribute: [],
  ...fields,
});
