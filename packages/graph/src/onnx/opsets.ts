/**
 * @file The opsets that are read and written, and the conversion from the IR's form of operators to that of an opset.
 *
 * ONNX changed how some operators are written. The IR has only the form of opset 22: axes of reductions are an input (an
 * attribute before 18), and Split has `num_outputs` (implied before 18). `toIrForm` (`older-opsets.ts`) and `fromIrForm`
 * convert; the rest of Subbyte never asks for an opset.
 */

import { ModelError } from "../errors.js";
import { toNumbers } from "../ir/tensor.js";
import type { Attribute, Attributes, Graph, Node, Tensor } from "../ir/types.js";

/** The opsets that `readOnnx` knows. */
export const OLDEST_OPSET = 1;
/** The oldest opset that ONNX Runtime executes. */
export const OLDEST_RUN_OPSET = 7;
export const NEWEST_OPSET = 25;

/** The oldest opset that `writeOnnx` writes. */
export const OLDEST_WRITTEN_OPSET = 13;

/** Domains of operators: ONNX's own, ONNX Runtime's, and ours. */
export const knownDomains: ReadonlySet<string> = new Set(["", "com.microsoft", "subbyte"]);

/** The one name that the IR uses for a domain; ONNX's own domain has two. */
export const canonicalDomain = (domain: string): string => (domain === "ai.onnx" ? "" : domain);

/** The file format version that ONNX released together with an opset. */
export function irVersionOf(opset: number): number {
  const versions = [
    [25, 13],
    [24, 12],
    [23, 11],
    [21, 10],
    [19, 9],
    [15, 8],
  ] as const;
  return versions.find(([since]) => opset >= since)?.[1] ?? 7;
}

/** Reductions whose axes became an input in opset 18; ReduceSum has them there since 13. */
const reductionsOf18 = new Set([
  "ReduceL1",
  "ReduceL2",
  "ReduceLogSum",
  "ReduceLogSumExp",
  "ReduceMax",
  "ReduceMean",
  "ReduceMin",
  "ReduceProd",
  "ReduceSumSquare",
]);

const where = (node: Node): string => `${node.op} "${node.name}"`;

function without(attributes: Attributes, key: string): Attributes {
  const { [key]: _, ...rest } = attributes;
  return rest;
}

/** The first opset of operators that opset 13 lacks. */
const operatorSince: Readonly<Record<string, number>> = {
  HardSwish: 14,
  Trilu: 14,
  LayerNormalization: 17,
  Mish: 18,
  BitwiseAnd: 18,
  BitwiseOr: 18,
  BitwiseXor: 18,
  Gelu: 20,
  GroupNormalization: 21,
};

/**
 * Attributes that opset 13 lacks: their first opset, and the value with which they mean what older opsets always do.
 */
const attributeSince: Readonly<Record<string, readonly [opset: number, neutral?: Attribute]>> = {
  "BatchNormalization.training_mode": [14, 0],
  "Reshape.allowzero": [14, 0],
  "Shape.start": [15, 0],
  "Shape.end": [15],
  "Split.num_outputs": [18],
  "AveragePool.dilations": [19],
  "Cast.saturate": [19, 1],
  "QuantizeLinear.saturate": [19, 1],
  "QuantizeLinear.block_size": [21, 0],
  "QuantizeLinear.output_dtype": [21, 0],
  "DequantizeLinear.block_size": [21, 0],
};

/** The lowest opset, from 18 on, that can express the graph: 21 if it has 4-bit constants or quantizes to 16 bits. */
export function requiredOpset(graph: Graph): number {
  const isNew = ({ dtype }: Tensor): boolean => dtype === "int4" || dtype === "uint4";
  const is16Bit = (tensor: Tensor | undefined): boolean => tensor?.dtype === "int16" || tensor?.dtype === "uint16";
  const quantizesTo16 = (node: Node): boolean =>
    (node.op === "QuantizeLinear" || node.op === "DequantizeLinear") &&
    is16Bit(graph.tensors.get(node.inputs[2] ?? ""));
  if ([...graph.tensors.values()].some(isNew) || graph.nodes.some(quantizesTo16)) return 21;
  return graph.nodes.reduce((opset, node) => Math.max(opset, earliest(node)), 18);
}

const earliest = (node: Node): number =>
  Object.entries(node.attributes).reduce((opset, [key, value]) => {
    const [since = 0, neutral] = attributeSince[`${node.op}.${key}`] ?? [];
    return value === neutral ? opset : Math.max(opset, since);
  }, operatorSince[node.op] ?? 0);

/**
 * Converts a node of the IR to the form of `opset`.
 *
 * @throws {ModelError} if that opset cannot express it
 */
export function fromIrForm(node: Node, opset: number, tensors: ReadonlyMap<string, Tensor>): Node {
  if (node.domain !== "") return node;
  const refuse = (what: string, since: number): never => {
    throw new ModelError(
      "unsupported-opset",
      { node: node.name, operator: node.op, found: opset, expected: since },
      `${where(node)}: ${what} needs opset ${since}, and ${opset} was asked for`,
    );
  };
  if ((operatorSince[node.op] ?? 0) > opset) refuse("the operator", operatorSince[node.op]!);
  let result = node;
  for (const [key, value] of Object.entries(node.attributes)) {
    const [since = 0, neutral] = attributeSince[`${node.op}.${key}`] ?? [];
    if (since <= opset) continue;
    const implied = node.op === "Split" && value === node.outputs.length;
    if (value !== neutral && !implied) refuse(`the attribute ${key}`, since);
    result = { ...result, attributes: without(result.attributes, key) };
  }
  if (opset >= 18) return result;
  if (node.op === "Pad" && (node.inputs[3] ?? "") !== "") refuse("the input axes", 18);
  return reductionsOf18.has(node.op) ? axesToAttribute(result, tensors, refuse) : result;
}

function axesToAttribute(
  node: Node,
  tensors: ReadonlyMap<string, Tensor>,
  refuse: (what: string, since: number) => never,
): Node {
  const { noop_with_empty_axes: noop, ...attributes } = node.attributes;
  const [x, input = ""] = node.inputs;
  if (input === "") {
    if (noop) refuse("the attribute noop_with_empty_axes", 18);
    return { ...node, attributes };
  }
  const axes = tensors.get(input) ?? refuse("an input axes that is not constant", 18);
  return { ...node, inputs: [x!], attributes: { ...attributes, axes: toNumbers(axes) } };
}
