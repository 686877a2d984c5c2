/** @file `readOnnx`: the bytes of an ONNX file become a verified Graph, or a ModelError that says why not. */

import { ModelError } from "../errors.js";
import { dtypeOfCode } from "../ir/element-types.js";
import { float32 } from "../ir/tensor.js";
import type { Attribute, Attributes, Dim, Graph, GraphInput, Node, Tensor } from "../ir/types.js";
import { verify } from "../ir/verifier.js";
import { requireKind } from "./attributes.js";
import { knownDomains, NEWEST_OPSET, OLDEST_OPSET, toIrForm } from "./opsets.js";
import {
  type AttributeProto,
  AttributeType,
  type GraphProto,
  type ModelProto,
  modelType,
  type NodeProto,
  refusedAttributeTypes,
  toBigInt,
  type ValueInfoProto,
} from "./schema.js";
import { type ExternalDataLoader, readTensor } from "./tensors.js";

export interface ReadOptions {
  /** Reads tensors stored in other files; without it, external data is refused. */
  readonly externalData?: ExternalDataLoader;
}

/**
 * Reads an ONNX model of opset 13 to 22 into the IR's form (see `opsets.ts`). Constant nodes become entries of
 * `tensors`, initializers that are inputs too (files before IR version 4) are constants, missing or repeated node names
 * are made up.
 *
 * @throws {ModelError} for bytes that are not a whole ONNX model, and for what the IR cannot hold: subgraphs, functions,
 *   sparse or external tensors, foreign domains, other opsets. Whether every operator is known is asked by `inferTypes`.
 */
export function readOnnx(bytes: Uint8Array, options: ReadOptions = {}): Graph {
  const model = decode(bytes);
  if (!model.graph) throw notOnnx("it has no graph");
  const opset = opsetOf(model);
  refuseForeignNodes(model, model.graph);
  const graph = readGraph(model.graph, opset, options);
  verify(graph);
  return graph;
}

const notOnnx = (why: string, cause?: unknown): ModelError =>
  new ModelError(
    "damaged-model",
    { reason: why },
    `this is not an ONNX model, or it is cut off or damaged: ${why}; check that the file is complete and ends in .onnx`,
    { cause },
  );

function decode(bytes: Uint8Array): ModelProto {
  if (bytes.length === 0) throw notOnnx("the file is empty");
  try {
    return modelType.decode(bytes) as unknown as ModelProto;
  } catch (error) {
    throw notOnnx(error instanceof Error ? error.message : String(error), error);
  }
}

const canonicalDomain = (domain: string): string => (domain === "ai.onnx" ? "" : domain);

function opsetOf(model: ModelProto): number {
  const entry = model.opset_import.find(({ domain }) => canonicalDomain(domain) === "");
  if (!entry) throw notOnnx("it does not say which opset it uses");
  const version = Number(toBigInt(entry.version));
  if (version >= OLDEST_OPSET && version <= NEWEST_OPSET) return version;
  throw new ModelError(
    "unsupported-opset",
    { found: version, expected: [OLDEST_OPSET, NEWEST_OPSET] },
    `the model uses ONNX opset ${version}; opsets ${OLDEST_OPSET} to ${NEWEST_OPSET} are supported: export it again with ` +
      "opset_version=17, or convert it with onnx.version_converter",
  );
}

/** Lists all nodes that no later step could understand, instead of the first one. */
function refuseForeignNodes(model: ModelProto, graph: GraphProto): void {
  const functions = new Set(model.functions.map((item) => `${canonicalDomain(item.domain)}:${item.name}`));
  const faults: string[] = [];
  const refused: NodeProto[] = [];
  for (const node of graph.node) {
    const domain = canonicalDomain(node.domain);
    const title = `${node.op_type} "${titleOf(node)}"`;
    const before = faults.length;
    if (functions.has(`${domain}:${node.op_type}`)) faults.push(`${title} calls a function of the model`);
    else if (!knownDomains.has(domain)) faults.push(`${title} is of the domain "${domain}"`);
    for (const attribute of node.attribute) {
      const kind = refusedAttributeTypes[attribute.type];
      if (kind) faults.push(`${title} has ${kind} as attribute "${attribute.name}"`);
    }
    if (faults.length > before) refused.push(node);
  }
  if (faults.length > 0)
    throw new ModelError(
      "unsupported-operator",
      { operators: [...new Set(refused.map(({ op_type }) => op_type))], nodes: refused.map(titleOf) },
      `the model has ${faults.length} ${faults.length === 1 ? "node that is" : "nodes that are"} not supported: ` +
        `${faults.join("; ")}; export it without control flow, functions and custom operators`,
    );
}

const titleOf = ({ name, output }: NodeProto): string => name || (output[0] ?? "");

/** Hands out names that nothing in the file uses. */
class Names {
  readonly #taken: Set<string>;
  constructor(proto: GraphProto) {
    this.#taken = new Set([
      ...proto.input.map(({ name }) => name),
      ...proto.initializer.map(({ name }) => name),
      ...proto.node.flatMap(({ output }) => output),
    ]);
  }

  fresh(stem: string): string {
    let name = stem;
    for (let i = 1; this.#taken.has(name); i++) name = `${stem}_${i}`;
    this.#taken.add(name);
    return name;
  }
}

function readGraph(proto: GraphProto, opset: number, { externalData }: ReadOptions): Graph {
  if (proto.sparse_initializer.length > 0)
    throw new ModelError(
      "unsupported-form",
      { place: "the graph", found: "sparse tensors" },
      `the model has ${proto.sparse_initializer.length} sparse tensors; save them as dense ones`,
    );
  const tensors = new Map<string, Tensor>();
  const define = (name: string, tensor: Tensor): void => {
    if (name === "" || tensors.has(name)) throw notOnnx(`the constant "${name}" is defined twice or has no name`);
    tensors.set(name, tensor);
  };
  for (const tensor of proto.initializer)
    define(tensor.name, readTensor(tensor, `tensor "${tensor.name}"`, externalData));

  const names = new Names(proto);
  const addConstant = (stem: string, tensor: Tensor): string => {
    const name = names.fresh(stem);
    define(name, tensor);
    return name;
  };
  const nodes: Node[] = [];
  const nodeNames = uniqueNodeNames(proto.node);
  for (const [i, item] of proto.node.entries()) {
    if (item.op_type === "Constant" && canonicalDomain(item.domain) === "")
      define(item.output[0] ?? "", constantOf(item, externalData));
    else nodes.push(toIrForm(readNode(item, nodeNames[i]!, externalData), opset, addConstant));
  }
  const inputs = proto.input.filter(({ name }) => !tensors.has(name)).map(readInput);
  return { name: proto.name, inputs, outputs: proto.output.map(({ name }) => name), nodes, tensors };
}

/** Names as the file has them; a number is added where one is repeated, the operator stands in where one is missing. */
function uniqueNodeNames(nodes: readonly NodeProto[]): string[] {
  const given = new Set(nodes.map(({ name }) => name));
  const used = new Set<string>([""]);
  return nodes.map((node) => {
    let name = node.name;
    for (let i = 0; used.has(name) || (name !== node.name && given.has(name)); i++)
      name = `${node.name || node.op_type}_${i}`;
    used.add(name);
    return name;
  });
}

function readInput({ name, type }: ValueInfoProto): GraphInput {
  const tensor = type?.tensor_type;
  if (!tensor)
    throw new ModelError(
      "unsupported-type",
      { place: `the graph input "${name}"`, found: "no tensor" },
      `the graph input "${name}" is not a tensor; only tensors are supported`,
    );
  const dtype = dtypeOfCode(tensor.elem_type, `the graph input "${name}"`);
  if (!tensor.shape) return { name, dtype };
  const shape = tensor.shape.dim.map(({ dim_value, dim_param }, axis): Dim => {
    const value = Number(toBigInt(dim_value)); // some exporters write 0 or -1 for a dimension left open
    return value > 0 ? value : dim_param || `${name}_${axis}`;
  });
  return { name, dtype, shape };
}

const trimmed = (values: readonly string[]): string[] =>
  values.slice(0, values.findLastIndex((value) => value !== "") + 1);

function readNode(proto: NodeProto, name: string, loader: ExternalDataLoader | undefined): Node {
  return {
    name,
    op: proto.op_type,
    domain: canonicalDomain(proto.domain),
    inputs: trimmed(proto.input),
    outputs: trimmed(proto.output),
    attributes: readAttributes(proto, name, loader),
  };
}

function readAttributes(proto: NodeProto, name: string, loader: ExternalDataLoader | undefined): Attributes {
  const where = `${proto.op_type} "${name}"`;
  // A null prototype, because attribute names come from the file and "__proto__" is one.
  const attributes: Record<string, Attribute> = Object.create(null);
  for (const attribute of proto.attribute) {
    const place = `attribute "${attribute.name}" of ${where}`;
    const value = readAttribute(attribute, place, loader);
    if (canonicalDomain(proto.domain) === "") requireKind(place, attribute.name, value);
    attributes[attribute.name] = value;
  }
  return { ...attributes };
}

function readAttribute(proto: AttributeProto, place: string, loader: ExternalDataLoader | undefined): Attribute {
  switch (proto.type) {
    case AttributeType.FLOAT:
      return proto.f;
    case AttributeType.INT:
      return safe(toBigInt(proto.i));
    case AttributeType.STRING:
      return proto.s;
    case AttributeType.TENSOR:
      if (!proto.t) break;
      return readTensor(proto.t, place, loader);
    case AttributeType.FLOATS:
      return [...proto.floats];
    case AttributeType.INTS:
      return proto.ints.map((item) => {
        const value = safe(toBigInt(item));
        if (typeof value === "number") return value;
        throw new ModelError(
          "unsupported-form",
          { place, found: `${value}` },
          `${place} holds ${value}, which is beyond ±2^53; such limits must be inputs`,
        );
      });
    case AttributeType.STRINGS:
      return [...proto.strings];
  }
  if (proto.ref_attr_name !== "")
    throw new ModelError(
      "unsupported-form",
      { place, found: proto.ref_attr_name },
      `${place} refers to an attribute of a function; inline functions before saving the model`,
    );
  throw new ModelError(
    "damaged-model",
    { place, reason: "an attribute without a value", found: proto.type },
    `${place} has no value or the unknown type ${proto.type}; the file is damaged or too new`,
  );
}

const safe = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

/** The tensor that a Constant node stands for. */
function constantOf(node: NodeProto, loader: ExternalDataLoader | undefined): Tensor {
  const where = `Constant "${node.output[0] ?? node.name}"`;
  const attribute = node.attribute.find(({ name }) => name.startsWith("value"));
  switch (attribute?.name) {
    case "value":
      if (!attribute.t) break;
      return readTensor(attribute.t, where, loader);
    case "value_float":
      return float32([attribute.f], []);
    case "value_floats":
      return float32(attribute.floats);
    case "value_int":
      return { dtype: "int64", shape: [], data: BigInt64Array.of(toBigInt(attribute.i)) };
    case "value_ints":
      return {
        dtype: "int64",
        shape: [attribute.ints.length],
        data: BigInt64Array.from(attribute.ints, toBigInt),
      };
  }
  throw new ModelError(
    "damaged-model",
    { place: where, reason: "no tensor, number or list of numbers" },
    `${where} holds no tensor, number or list of numbers; the file is damaged, or it holds text`,
  );
}
