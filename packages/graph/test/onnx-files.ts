/** @file A small classifier as an ONNX file, and changes to it. */

import { GraphBuilder } from "../src/ir/builder.js";
import { float32 } from "../src/ir/tensor.js";
import type { Dim, Graph, Tensor } from "../src/ir/types.js";
import {
  type AttributeProto,
  AttributeType,
  fromBigInt,
  type GraphProto,
  type ModelProto,
  modelType,
  type NodeProto,
  type TensorProto,
} from "../src/onnx/schema.js";
import { writeTensor } from "../src/onnx/tensors.js";
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

/** An attribute of a node, by the JavaScript type: integers as INT, others as FLOAT, lists as INTS or FLOATS. */
function attribute(name: string, value: number | string | readonly number[], kind?: "float"): AttributeProto {
  const blank = { name, ref_attr_name: "", type: 0, f: 0, i: fromBigInt(0n), s: "", floats: [], ints: [], strings: [] };
  if (typeof value === "string") return { ...blank, type: AttributeType.STRING, s: value };
  if (typeof value === "object" && kind) return { ...blank, type: AttributeType.FLOATS, floats: [...value] };
  if (typeof value === "object")
    return { ...blank, type: AttributeType.INTS, ints: value.map((item) => fromBigInt(BigInt(item))) };
  if (kind) return { ...blank, type: AttributeType.FLOAT, f: value };
  return { ...blank, type: AttributeType.INT, i: fromBigInt(BigInt(value)) };
}

/** A node of a file, with attributes that our writer would not write. */
export interface RawNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly ints?: Readonly<Record<string, number | string | readonly number[]>>;
  readonly floats?: Readonly<Record<string, number | readonly number[]>>;
}

/** A file of any opset with a float32 input `x`, constants, and exactly these nodes; its outputs are those of the last node. */
export function rawFile(
  opset: number,
  shape: readonly Dim[],
  nodes: readonly RawNode[],
  tensors: Readonly<Record<string, Tensor>> = {},
): Uint8Array {
  const plain = { name: "raw", inputs: [{ name: "x", dtype: "float32" as const, shape }], outputs: ["x"], nodes: [] };
  const model = decode(writeOnnx({ ...plain, tensors: new Map() }));
  model.graph.initializer = Object.entries(tensors).map(([name, tensor]) => writeTensor(tensor, name) as TensorProto);
  const [input] = model.graph.input;
  model.opset_import = [{ domain: "", version: fromBigInt(BigInt(opset)) }];
  model.graph.output = nodes.at(-1)!.outputs.map((name) => ({ name, type: { tensor_type: { elem_type: 1 } } }));
  model.graph.input = [input!];
  model.graph.node = nodes.map(({ op, inputs, outputs, ints = {}, floats = {} }) =>
    node({
      op_type: op,
      input: [...inputs],
      output: [...outputs],
      attribute: [
        ...Object.entries(ints).map(([name, value]) => attribute(name, value)),
        ...Object.entries(floats).map(([name, value]) => attribute(name, value, "float")),
      ],
    }),
  );
  return modelType.encode(model).finish();
}
