/** @file `readOnnx`: the bytes of an ONNX file become a verified Graph, or a ModelError that says why not. */

import protobuf from "protobufjs/light.js";
import { ModelError } from "../errors.js";
import { dtypeOfCode } from "../ir/element-types.js";
import { FreshNames } from "../ir/names.js";
import { topologicalOrder } from "../ir/topological-order.js";
import type { Dim, Graph, GraphInput, Node, Tensor } from "../ir/types.js";
import { verify } from "../ir/verifier.js";
import { toIrForm } from "./older-opsets.js";
import { canonicalDomain, knownDomains, NEWEST_OPSET, OLDEST_OPSET, OLDEST_RUN_OPSET } from "./opsets.js";
import { constantOf, readNode, type TensorReader } from "./read-node.js";
import type { Rewriting } from "./rewriting.js";
import {
  GRAPH_FIELD,
  type GraphProto,
  type ModelProto,
  modelType,
  type NodeProto,
  refusedAttributeTypes,
  toBigInt,
  type ValueInfoProto,
} from "./schema.js";
import { type ExternalDataLoader, readTensor } from "./tensors.js";
import { widenedCode, widenedNode } from "./widen.js";

/** Options of `readOnnx`. */
export interface ReadOptions {
  /** Reads tensors stored in other files; without it, external data is refused. */
  readonly externalData?: ExternalDataLoader;
  /**
   * `"float32"` reads a network of half or double precision (float16, bfloat16, float64) as one of float32: its constants,
   * inputs and casts. By default types stay as they are, and bfloat16, which the IR lacks, is refused.
   */
  readonly floats?: "keep" | "float32";
  /** Domains whose operators are kept for rules of the caller's own, such as `["com.example"]`; others beyond ONNX's are refused. */
  readonly domains?: readonly string[];
  /** Called if `floats: "float32"` changed anything. */
  readonly onWidened?: () => void;
  /** Called for an opset below 7, which ONNX Runtime does not execute. */
  readonly onOutdated?: () => void;
  /** Called with the names and texts of `metadata_props`. */
  readonly onMetadata?: (metadata: Readonly<Record<string, string>>) => void;
}

/**
 * Reads an ONNX model of opset 1 to 25 and converts it to the IR's form (see `opsets.ts`). Constant nodes become entries of
 * `tensors`. Initializers that are also inputs (files before IR version 4) are constants. Missing or repeated node names are
 * replaced, and nodes are sorted.
 *
 * @throws {ModelError} for bytes that are not a complete ONNX model, and for features that the IR lacks: subgraphs, functions,
 * sparse or external tensors, domains beyond ONNX's and `options.domains`, other opsets. Unknown operators are not refused
 * here, but by `inferTypes`.
 */
export function readOnnx(bytes: Uint8Array, options: ReadOptions = {}): Graph {
  const model = decode(bytes);
  if (!model.graph) throw notOnnx("it has no graph");
  const opset = opsetOf(model);
  if (opset < OLDEST_RUN_OPSET) options.onOutdated?.();
  options.onMetadata?.(Object.fromEntries((model.metadata_props ?? []).map(({ key, value }) => [key, value])));
  refuseForeignNodes(model, model.graph, new Set([...knownDomains, ...(options.domains ?? [])]));
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
    requireOneGraph(bytes);
    return modelType.decode(bytes) as unknown as ModelProto;
  } catch (error) {
    throw notOnnx(error instanceof Error ? error.message : String(error), error);
  }
}

/**
 * Refuses a file with two graphs: protobuf merges a message that comes twice, but this decoder would take the last one, and so
 * read another network than other programs do.
 */
function requireOneGraph(bytes: Uint8Array): void {
  const reader = protobuf.Reader.create(bytes);
  let graphs = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === GRAPH_FIELD && ++graphs > 1) throw new Error("it has more than one graph");
    reader.skipType(tag & 7);
  }
}

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

/** Refuses nodes that no later step could understand, and lists all of them instead of only the first. */
function refuseForeignNodes(model: ModelProto, graph: GraphProto, domains: ReadonlySet<string>): void {
  const functions = new Set(model.functions.map((item) => `${canonicalDomain(item.domain)}:${item.name}`));
  const faults: string[] = [];
  const refused: NodeProto[] = [];
  for (const node of graph.node) {
    const domain = canonicalDomain(node.domain);
    const title = `${node.op_type} "${titleOf(node)}"`;
    const before = faults.length;
    if (functions.has(`${domain}:${node.op_type}`)) faults.push(`${title} calls a function of the model`);
    else if (!domains.has(domain)) faults.push(`${title} is of the domain "${domain}"`);
    for (const attribute of node.attribute) {
      const kind = refusedAttributeTypes[attribute.type];
      if (kind) faults.push(`${title} has ${kind} as attribute "${attribute.name}"`);
    }
    if (faults.length > before) refused.push(node);
  }
  if (faults.length > 0)
    throw new ModelError(
      "unsupported-operator",
      {
        operators: [...new Set(refused.map(({ op_type }) => op_type))],
        nodes: refused.slice(0, MOST_LISTED).map(titleOf),
      },
      `the model has ${faults.length} ${faults.length === 1 ? "node that is" : "nodes that are"} not supported: ` +
        `${listed(faults)}; export it without control flow, functions and custom operators`,
    );
}

/** A file may have millions of faults, but a message should be short. */
const MOST_LISTED = 10;

function listed(faults: readonly string[]): string {
  const rest = faults.length - MOST_LISTED;
  return faults.slice(0, MOST_LISTED).join("; ") + (rest > 0 ? `; and ${rest} more` : "");
}

const titleOf = ({ name, output }: NodeProto): string => name || (output[0] ?? "");

function readGraph(proto: GraphProto, opset: number, { externalData, floats, onWidened }: ReadOptions): Graph {
  if (proto.sparse_initializer.length > 0)
    throw new ModelError(
      "unsupported-form",
      { place: "the graph", found: "sparse tensors" },
      `the model has ${proto.sparse_initializer.length} sparse tensors; save them as dense ones`,
    );
  const widen = floats === "float32";
  const tensorReader: TensorReader = (tensor, where) => {
    if (widen && widenedCode(tensor.data_type) !== tensor.data_type) onWidened?.();
    return readTensor(tensor, where, { externalData, widen });
  };
  const tensors = new Map<string, Tensor>();
  const define = (name: string, tensor: Tensor): void => {
    if (name === "" || tensors.has(name)) throw notOnnx(`the constant "${name}" is defined twice or has no name`);
    tensors.set(name, tensor);
  };
  for (const tensor of proto.initializer) define(tensor.name, tensorReader(tensor, `tensor "${tensor.name}"`));

  const valueNames = new FreshNames([
    ...proto.input.map(({ name }) => name),
    ...proto.initializer.map(({ name }) => name),
    ...proto.node.flatMap(({ output }) => output),
  ]);
  const nodeNames = new FreshNames(["", ...proto.node.map(({ name }) => name)]);
  const make: Rewriting = {
    constant(stem, tensor) {
      const name = valueNames.fresh(stem);
      define(name, tensor);
      return name;
    },
    value: (stem) => valueNames.fresh(stem),
    node: (stem) => nodeNames.fresh(stem),
  };
  const nodes: Node[] = [];
  const used = new Set<string>([""]);
  for (const item of proto.node) {
    // Names as the file has them; a repeated one gets a number, a missing one is made of the operator.
    const name = used.has(item.name) ? nodeNames.numbered(item.name || item.op_type || "node") : item.name;
    used.add(name);
    if (item.op_type === "Constant" && canonicalDomain(item.domain) === "")
      define(item.output[0] ?? "", constantOf(item, tensorReader));
    else {
      const node = readNode(item, name, tensorReader);
      nodes.push(...toIrForm(widen ? widenedNode(node) : node, opset, make));
    }
  }
  const inputs = proto.input.filter(({ name }) => !tensors.has(name)).map((input) => readInput(input, widen));
  const outputs = proto.output.map(({ name }) => name);
  const elementTypes = proto.input.map(({ type }) => type?.tensor_type?.elem_type ?? 0);
  if (widen && elementTypes.some((code) => widenedCode(code) !== code)) onWidened?.();
  return { name: proto.name, inputs, outputs, nodes: topologicalOrder(nodes), tensors };
}

function readInput({ name, type }: ValueInfoProto, widen: boolean): GraphInput {
  const tensor = type?.tensor_type;
  if (!tensor)
    throw new ModelError(
      "unsupported-type",
      { place: `the graph input "${name}"`, found: "no tensor" },
      `the graph input "${name}" is not a tensor; only tensors are supported`,
    );
  const dtype = dtypeOfCode(widen ? widenedCode(tensor.elem_type) : tensor.elem_type, `the graph input "${name}"`);
  if (!tensor.shape) return { name, dtype };
  const shape = tensor.shape.dim.map(({ dim_value, dim_param }, axis): Dim => {
    const value = Number(toBigInt(dim_value)); // some exporters write 0 or -1 for a dimension left open
    return value > 0 ? value : dim_param || `${name}_${axis}`;
  });
  return { name, dtype, shape };
}
