/** @file Forms of the file itself, whatever network is in it. */

import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { type Graph, writeOnnx } from "@subbyte/graph";
import { toFloat16Bits } from "../../../graph/src/ir/float16.js";
import {
  fromBigInt,
  type GraphProto,
  type ModelProto,
  modelType,
  type TensorProto,
} from "../../../graph/src/onnx/schema.js";
import { decode } from "../../../graph/test/onnx-files.js";

type Model = ModelProto & { graph: GraphProto };

/** The file of a network, with a change to its messages. */
export function changed(graph: Graph, change: (model: Model) => void, opset = 18): Uint8Array {
  const model = decode(writeOnnx(graph, { opset }));
  change(model);
  return modelType.encode(model).finish();
}

const FLOAT = 1;

/** Weights of 1 kB and more in NAME.onnx.data beside the file. */
export async function writeWithExternalData(graph: Graph, path: string): Promise<void> {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const bytes = changed(graph, ({ graph: { initializer } }) => {
    for (const tensor of initializer) {
      if (tensor.raw_data.length < 1024) continue;
      const entries = { location: `${basename(path)}.data`, offset: `${offset}`, length: `${tensor.raw_data.length}` };
      parts.push(tensor.raw_data);
      offset += tensor.raw_data.length;
      tensor.external_data = Object.entries(entries).map(([key, value]) => ({ key, value }));
      tensor.data_location = 1;
      tensor.raw_data = new Uint8Array();
    }
  });
  await writeFile(path, bytes);
  await writeFile(`${path}.data`, Buffer.concat(parts));
}

/** Nodes from the end to the beginning. */
export const unordered = (graph: Graph): Uint8Array => changed(graph, (model) => void model.graph.node.reverse());

/** Weights that are inputs too, as files before IR version 4 have them. */
export const initializersAsInputs = (graph: Graph): Uint8Array =>
  changed(graph, (model) => {
    model.ir_version = fromBigInt(3n);
    for (const { name, data_type, dims } of model.graph.initializer)
      model.graph.input.push({
        name,
        type: {
          tensor_type: {
            elem_type: data_type,
            shape: { dim: dims.map((dim_value) => ({ dim_value, dim_param: "" })) },
          },
        },
      } as never);
  });

function converted(tensor: TensorProto, code: number, convert: (values: Float32Array) => ArrayBufferView): void {
  if (tensor.data_type !== FLOAT) return;
  const { buffer, byteOffset, byteLength } = tensor.raw_data;
  const values = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
  const result = convert(values);
  tensor.data_type = code;
  tensor.raw_data = new Uint8Array(result.buffer, result.byteOffset, result.byteLength);
}

const retyped = ({ graph }: Model, code: number, convert: (values: Float32Array) => ArrayBufferView): void => {
  for (const tensor of graph.initializer) converted(tensor, code, convert);
  graph.value_info = [];
};

/** As `model.double()` is exported: constants, input and output of float64. */
export const ofDoubles = (graph: Graph): Uint8Array =>
  changed(graph, (model) => {
    retyped(model, 11, (values) => Float64Array.from(values));
    for (const { type } of [...model.graph.input, ...model.graph.output]) type!.tensor_type!.elem_type = 11;
  });

/** As onnxconverter-common makes it with `keep_io_types`: float16 inside, a Cast at each end. */
export const ofHalves = (graph: Graph): Uint8Array =>
  changed(graph, (model) => {
    retyped(model, 10, (values) => Uint16Array.from(values, toFloat16Bits));
    const { node, input, output } = model.graph;
    const [first, last] = [input[0]!.name, output[0]!.name];
    const rename = (list: string[], from: string, to: string) => list.map((name) => (name === from ? to : name));
    for (const each of node) {
      each.input = rename(each.input, first, `${first}_half`);
      each.output = rename(each.output, last, `${last}_half`);
      each.input = rename(each.input, last, `${last}_half`);
    }
    const cast = (from: string, to: string, code: number) => ({
      input: [from],
      output: [to],
      name: `${to}_cast`,
      op_type: "Cast",
      domain: "",
      attribute: [{ name: "to", type: 2, i: fromBigInt(BigInt(code)) }],
    });
    node.unshift(cast(first, `${first}_half`, 10) as never);
    node.push(cast(`${last}_half`, last, 1) as never);
  });
