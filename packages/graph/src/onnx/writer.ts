/** @file `writeOnnx` turns a Graph into the bytes of an ONNX file. */

import { ModelError } from "../errors.js";
import { inferKnownTypes } from "../inference/infer-types.js";
import { dtypeCode } from "../ir/element-types.js";
import type { Attribute, Graph, Node, TensorType } from "../ir/types.js";
import { attributeKind } from "./attributes.js";
import { fromIrForm, irVersionOf, knownDomains, NEWEST_OPSET, OLDEST_WRITTEN_OPSET, requiredOpset } from "./opsets.js";
import { type AttributeProto, AttributeType, fromBigInt, modelType, type NodeProto } from "./schema.js";
import { writeTensor } from "./tensors.js";

/** Options of `writeOnnx`. */
export interface WriteOptions {
  /** Opset 13 to 22; by default the lowest from 18 on that can express the graph. */
  readonly opset?: number;
  readonly producerName?: string;
  readonly producerVersion?: string;
  /** Names and texts that are written as `metadata_props`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes a model file. It includes the types of all values that inference knows.
 *
 * @throws {ModelError} if the opset cannot express an operator, if shapes do not fit, or if the file would exceed 2 GiB
 */
export function writeOnnx(graph: Graph, options: WriteOptions = {}): Uint8Array {
  const opset = options.opset ?? requiredOpset(graph);
  if (!Number.isInteger(opset) || opset < OLDEST_WRITTEN_OPSET || opset > NEWEST_OPSET)
    throw new ModelError(
      "unsupported-opset",
      { found: opset, expected: [OLDEST_WRITTEN_OPSET, NEWEST_OPSET] },
      `opset ${opset} cannot be written; take one from ${OLDEST_WRITTEN_OPSET} to ${NEWEST_OPSET}`,
    );
  const model = {
    ir_version: fromBigInt(BigInt(irVersionOf(opset))),
    producer_name: options.producerName ?? "subbyte",
    producer_version: options.producerVersion ?? "",
    opset_import: opsetImports(graph, opset),
    graph: graphProto(graph, opset),
    metadata_props: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
  };
  refuseAbove2GiB(graph);
  const bytes = modelType.encode(model).finish();
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function refuseAbove2GiB(graph: Graph): void {
  const bytes = [...graph.tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  if (bytes >= 2 ** 31)
    throw new ModelError(
      "model-too-large",
      { graph: graph.name, found: bytes, expected: 2 ** 31 - 1 },
      `graph "${graph.name}" has ${bytes} bytes of constants; a protobuf file ends at 2 GiB`,
    );
}

function opsetImports(graph: Graph, opset: number) {
  const domains = new Set(["", ...graph.nodes.map((node) => node.domain)]);
  return [...domains].map((domain) => {
    if (!knownDomains.has(domain)) {
      const nodes = graph.nodes.filter((node) => node.domain === domain);
      throw new ModelError(
        "unsupported-operator",
        { operators: [...new Set(nodes.map(({ op }) => op))], nodes: nodes.map(({ name }) => name) },
        `operators of the domain "${domain}" cannot be written`,
      );
    }
    return { domain, version: fromBigInt(BigInt(domain === "" ? opset : 1)) };
  });
}

function graphProto(graph: Graph, opset: number) {
  const types = inferKnownTypes(graph);
  const nodes = graph.nodes.map((node) => fromIrForm(node, opset, graph.tensors));
  const read = new Set([...nodes.flatMap((node) => node.inputs), ...graph.outputs]);
  const isOutput = new Set(graph.outputs);
  const inner = graph.nodes.flatMap((node) => node.outputs).filter((value) => types.has(value) && !isOutput.has(value));
  return {
    name: graph.name || "graph", // the specification wants a name
    node: nodes.map(nodeProto),
    initializer: [...graph.tensors]
      .filter(([name]) => read.has(name))
      .map(([name, tensor]) => writeTensor(tensor, name)),
    input: graph.inputs.map((input) => valueInfo(input.name, input)),
    output: graph.outputs.map((name) => valueInfo(name, types.get(name))),
    value_info: inner.map((name) => valueInfo(name, types.get(name))),
  };
}

const valueInfo = (name: string, type: TensorType | undefined) => ({
  name,
  ...(type && {
    type: {
      tensor_type: {
        elem_type: dtypeCode(type.dtype),
        ...(type.shape && {
          shape: {
            dim: type.shape.map((dim) =>
              typeof dim === "number" ? { dim_value: fromBigInt(BigInt(dim)) } : { dim_param: dim },
            ),
          },
        }),
      },
    },
  }),
});

const nodeProto = (node: Node): Partial<NodeProto> => ({
  name: node.name,
  op_type: node.op,
  domain: node.domain,
  input: [...node.inputs],
  output: [...node.outputs],
  attribute: Object.entries(node.attributes).map(
    ([name, value]) => ({ name, ...attributeProto(node, name, value) }) as AttributeProto,
  ),
});

function attributeProto(node: Node, name: string, value: Attribute): Partial<AttributeProto> {
  const integer = (item: number | bigint) => fromBigInt(BigInt(item));
  switch (attributeKind(node, name, value)) {
    case "FLOAT":
      return { type: AttributeType.FLOAT, f: Number(value) };
    case "INT":
      return { type: AttributeType.INT, i: integer(typeof value === "boolean" ? Number(value) : (value as number)) };
    case "STRING":
      return { type: AttributeType.STRING, s: value as string };
    case "TENSOR":
      return { type: AttributeType.TENSOR, t: writeTensor(value as never, "") as NonNullable<AttributeProto["t"]> };
    case "FLOATS":
      return { type: AttributeType.FLOATS, floats: [...(value as readonly number[])] };
    case "INTS":
      return { type: AttributeType.INTS, ints: (value as readonly number[]).map(integer) };
    case "STRINGS":
      return { type: AttributeType.STRINGS, strings: [...(value as readonly string[])] };
  }
}
