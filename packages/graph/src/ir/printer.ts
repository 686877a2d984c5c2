/**
 * @file A graph as text, one line per node, for terminals, diffs and golden tests:
 *
 *   graph tiny (x: float32[N,3,32,32]) -> (y) {
 *     c = Conv(x, w: float32[16,3,3,3], b: float32[16]) {pads = [1, 1, 1, 1]}  # stem
 *     y = Relu(c)
 *   }
 */

import type { Attribute, Attributes, Dim, Graph, Node, Tensor, TensorType } from "./types.js";

/** Constants of at most this many elements are printed with their values. */
const LONGEST_PRINTED_TENSOR = 8;

/** Names that read well without quotes. */
const plainName = /^[\p{L}_/][\p{L}\p{N}_./:-]*$/u;

const printName = (name: string): string => (plainName.test(name) ? name : JSON.stringify(name));

const printDim = (dim: Dim): string => (typeof dim === "number" ? String(dim) : printName(dim));

/** `float32[N,3,32,32]`, or `float32[…]` where the rank is not known. */
export const printType = ({ dtype, shape }: TensorType): string =>
  `${dtype}[${shape ? shape.map(printDim).join(",") : "…"}]`;

const printNumber = (value: number | bigint): string => (Object.is(value, -0) ? "-0" : String(value));

const printElements = ({ data }: Tensor): string =>
  data.length > LONGEST_PRINTED_TENSOR
    ? ""
    : ` = [${Array.from(data as ArrayLike<number | bigint>, printNumber).join(", ")}]`;

function printAttribute(value: Attribute): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number" || typeof value === "bigint") return printNumber(value);
  if (typeof value === "boolean") return String(value);
  if ("dtype" in value) return printType(value) + printElements(value);
  return `[${value.map((item) => printAttribute(item)).join(", ")}]`;
}

function printAttributes(attributes: Attributes): string {
  const entries = Object.entries(attributes);
  return entries.length === 0
    ? ""
    : ` {${entries.map(([key, value]) => `${key} = ${printAttribute(value)}`).join(", ")}}`;
}

/** One node as one line without a line end: its constants with their types, and with their values if they are few. */
export function printNode(node: Node, tensors: Graph["tensors"] = new Map()): string {
  const input = (name: string): string => {
    if (name === "") return "_";
    const tensor = tensors.get(name);
    return tensor ? `${printName(name)}: ${printType(tensor)}${printElements(tensor)}` : printName(name);
  };
  const outputs = node.outputs.map((name) => (name === "" ? "_" : printName(name))).join(", ");
  const op = node.domain === "" ? node.op : `${node.domain}.${node.op}`;
  const title = node.name === node.outputs[0] ? "" : `  # ${node.name}`;
  return `${outputs} = ${op}(${node.inputs.map(input).join(", ")})${printAttributes(node.attributes)}${title}`;
}

/** The whole graph as text. */
export function printGraph(graph: Graph): string {
  const inputs = graph.inputs.map((item) => `${printName(item.name)}: ${printType(item)}`).join(", ");
  const head = `graph ${printName(graph.name)} (${inputs}) -> (${graph.outputs.map(printName).join(", ")}) {`;
  return [head, ...graph.nodes.map((node) => `  ${printNode(node, graph.tensors)}`), "}", ""].join("\n");
}
