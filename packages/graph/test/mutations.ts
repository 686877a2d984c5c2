/** @file Random changes to the messages of an ONNX file, for fuzzing the reader and the passes behind it. */

import { type AttributeProto, fromBigInt, type GraphProto, type ModelProto, modelType } from "../src/onnx/schema.js";

type Random = () => number;

const pick = <T>(random: Random, list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];

/** Numbers with which readers often go wrong. */
const numbers = [-1, 0, 1, 2, 3, 7, 255, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 40, -(2 ** 31), -5];

const types = [0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 16, 21, 22, 99];

// biome-ignore format: a list of words
const operators = [
  "Add", "AveragePool", "BatchNormalization", "Cast", "Clip", "Concat", "Constant", "ConstantOfShape", "Conv",
  "DequantizeLinear", "Dropout", "Expand", "Flatten", "Gather", "Gemm", "GlobalAveragePool", "Identity", "MatMul", "Max",
  "MaxPool", "Mul", "Pad", "QuantizeLinear", "ReduceMean", "ReduceSum", "Relu", "Reshape", "Shape", "Slice", "Softmax",
  "Split", "Squeeze", "Sub", "Sum", "Transpose", "Unsqueeze", "Where", "", "Swish", "ImageScaler", "LRN",
];

function mutateAttribute(attribute: AttributeProto, random: Random): void {
  const changes: (() => void)[] = [
    () => {
      attribute.type = Math.floor(random() * 15);
    },
    () => {
      attribute.name = pick(random, ["axis", "axes", "pads", "perm", "value", "to", "min", "starts", ""])!;
    },
    () => {
      attribute.i = fromBigInt(BigInt(pick(random, numbers)!));
    },
    () => {
      attribute.f = pick(random, [Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 1e30])!;
    },
    () => void attribute.ints.push(fromBigInt(BigInt(pick(random, numbers)!))),
    () => void attribute.ints.pop(),
    () => {
      attribute.ints = attribute.ints.map(() => fromBigInt(BigInt(pick(random, numbers)!)));
    },
    () => {
      attribute.s = "SAME_UPPER";
    },
    () => void delete attribute.t,
  ];
  pick(random, changes)!();
}

/** Changes one thing in the graph. */
function mutateGraph(graph: GraphProto, random: Random): void {
  const node = pick(random, graph.node);
  const tensor = pick(random, graph.initializer);
  const values = [
    ...graph.input.map(({ name }) => name),
    ...graph.initializer.map(({ name }) => name),
    ...graph.node.flatMap(({ output }) => output),
    "",
  ];
  const at = <T>(list: readonly T[]): number => Math.floor(random() * list.length);
  const changes: (() => void)[] = [
    () => node?.input.splice(at(node.input), 1),
    () => {
      if (node) node.input[at([...node.input, 0])] = pick(random, values)!;
    },
    () => node?.input.push(pick(random, values)!),
    () => node?.output.splice(at(node.output), 1),
    () => node?.output.push(`extra${random()}`),
    () => {
      if (node) node.op_type = pick(random, operators)!;
    },
    () => {
      if (node) node.name = pick(random, ["", "same", "x"])!;
    },
    () => {
      if (node) node.domain = pick(random, ["", "ai.onnx", "com.microsoft", "subbyte"])!;
    },
    () => node?.attribute.splice(at(node.attribute), 1),
    () => node && node.attribute.length > 0 && mutateAttribute(pick(random, node.attribute)!, random),
    () => node && node.attribute.length > 0 && mutateAttribute(pick(random, node.attribute)!, random),
    () => node && graph.node.splice(at(graph.node), 0, { ...node, output: node.output.map((name) => `${name}'`) }),
    () => graph.node.splice(at(graph.node), 1),
    () => tensor?.dims.pop(),
    () => tensor?.dims.push(fromBigInt(BigInt(pick(random, numbers)!))),
    () => {
      if (tensor) tensor.dims[at([...tensor.dims, 0])] = fromBigInt(BigInt(pick(random, numbers)!));
    },
    () => {
      if (tensor) tensor.data_type = pick(random, types)!;
    },
    () => {
      if (tensor) tensor.raw_data = tensor.raw_data.slice(0, at([...tensor.raw_data]));
    },
    () => {
      if (!tensor || tensor.raw_data.length === 0) return;
      tensor.raw_data = tensor.raw_data.slice();
      tensor.raw_data[at([...tensor.raw_data])] = Math.floor(random() * 256);
    },
    () => {
      const dims = pick(random, graph.input)?.type?.tensor_type?.shape?.dim;
      if (dims) dims[at([...dims, 0])] = { dim_value: fromBigInt(BigInt(pick(random, numbers)!)), dim_param: "" };
    },
    () => {
      const dims = pick(random, graph.input)?.type?.tensor_type?.shape?.dim;
      if (dims) dims[at(dims)] = { dim_value: fromBigInt(0n), dim_param: pick(random, ["N", "2*N", "0", "N*M", ""])! };
    },
    () => {
      const type = pick(random, graph.input)?.type?.tensor_type;
      if (type) type.elem_type = pick(random, types)!;
    },
    () => {
      graph.output[0] = { name: pick(random, values)!, type: null };
    },
  ];
  pick(random, changes)!();
}

/** The file with `count` changes. */
export function mutated(bytes: Uint8Array, random: Random, count: number): Uint8Array {
  const model = modelType.decode(bytes) as unknown as ModelProto & { graph: GraphProto };
  if (random() < 0.2) model.opset_import = [{ domain: "", version: fromBigInt(BigInt(7 + Math.floor(random() * 19))) }];
  for (let i = 0; i < count; i++) mutateGraph(model.graph, random);
  return modelType.encode(model).finish();
}
