/**
 * @file The one form that operators have in the IR, and the way to it and from it.
 *
 * ONNX changed how some operators are written between opsets 13 and 22. The IR has the spelling of opset 22 only: axes of
 * reductions are an input (an attribute before 18), Split says its `num_outputs` (implied before 18). `toIrForm` and
 * `fromIrForm` translate; the rest of Subbyte never asks for an opset.
 */

import { ModelError } from "../errors.js";
import { int64, toNumbers } from "../ir/tensor.js";
import type { Attribute, Attributes, Graph, Node, Tensor } from "../ir/types.js";

/** The opsets that `readOnnx` and `writeOnnx` know. */
export const OLDEST_OPSET = 13;
export const NEWEST_OPSET = 22;

/** Domains of operators: ONNX's own, ONNX Runtime's, ours. */
export const knownDomains: ReadonlySet<string> = new Set(["", "com.microsoft", "subbyte"]);

/** The file format version that ONNX released together with an opset. */
export const irVersionOf = (opset: number): number => (opset >= 21 ? 10 : opset >= 19 ? 9 : opset >= 15 ? 8 : 7);

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

/**
 * Brings a node of an older opset to the IR's form.
 *
 * @param addConstant  adds a constant to the graph and returns its name
 */
export function toIrForm(node: Node, opset: number, addConstant: (stem: string, tensor: Tensor) => string): Node {
  if (node.domain !== "") return node;
  if (reductionsOf18.has(node.op) && opset < 18 && node.attributes.axes !== undefined) {
    const axes = addConstant(`${node.name}.axes`, int64(node.attributes.axes as readonly number[]));
    return { ...node, inputs: [node.inputs[0] ?? "", axes], attributes: without(node.attributes, "axes") };
  }
  if (node.op === "Split" && opset < 18 && node.inputs.length < 2)
    return { ...node, attributes: { ...node.attributes, num_outputs: node.outputs.length } };
  if (node.op === "BatchNormalization" && opset < 14 && node.outputs.some((output, i) => i > 0 && output !== ""))
    throw new ModelError(
      "unsupported-form",
      { place: where(node), node: node.name, operator: node.op },
      `${where(node)} is in training form; export the model in evaluation mode (model.eval())`,
    );
  if (node.op === "GroupNormalization" && opset < 21)
    throw new ModelError(
      "unsupported-form",
      { place: where(node), node: node.name, operator: node.op },
      `${where(node)} has the withdrawn form of opset 18; export the model at opset 21 or later`,
    );
  return node;
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

/** Attributes that opset 13 lacks: their first opset, and the value that says what older opsets do anyway. */
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

/** The lowest opset, from 18 on, that can hold the graph: 21 where it has 4-bit constants or quantizes to 16 bits. */
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
 * Spells a node of the IR for `opset`.
 *
 * @throws {ModelError} where that opset cannot say it
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
