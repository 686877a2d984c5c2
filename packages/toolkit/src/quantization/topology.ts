/**
 * @file The structure of a network for quantization: which operators have weights, which only move codes, which are fused, and
 * which values each node reads. The roles follow the arithmetic of the engine (`docs/arithmetic.md`).
 */

import { adviceFor, type Graph, ModelError, type Node, operatorList, type Tensor } from "@subbyte/graph";
import { isLayer, roleOf } from "../lowering/operators/index.js";

export { isLayer };

/**
 * Whether a layer is only a factor and an offset per channel, such as a batch normalization that could not be folded. A grid of
 * any bit width represents its one weight per channel, so it counts with the residual stream and not with the layers.
 */
export const isChannelAffine = ({ op, attributes }: Node, { shape }: Pick<Tensor, "shape">): boolean =>
  op === "Conv" && shape[0] === (attributes.group ?? 1) && shape.slice(1).every((dim) => dim === 1);

/** Inputs that are activations, without constants such as weights, biases, axes and bounds. */
export const dataInputs = (graph: Graph, node: Node): readonly string[] =>
  node.inputs.filter((value) => value !== "" && !graph.tensors.has(value));

/** Whether each output channel of a convolution reads one input channel, at more than one position. */
const isDepthwise = ({ op, attributes }: Node, { shape }: Pick<Tensor, "shape">): boolean =>
  op === "Conv" && (attributes.group ?? 1) !== 1 && shape[1] === 1 && shape.slice(2).some((dim) => dim !== 1);

export interface Topology {
  readonly producer: ReadonlyMap<string, Node>;
  /** Nodes that read a value, once for each use. */
  readers(value: string): readonly Node[];
  isOutput(value: string): boolean;
  /** Whether only movers and channel factors lie between the graph's input and the layer. */
  readsInput(layer: Node): boolean;
  /** Whether only channel factors lie between the layer and a graph output. */
  reachesOutput(layer: Node): boolean;
  isChannelAffine(node: Node): boolean;
  isDepthwise(node: Node): boolean;
  /** For each Add that is fused into a convolution, the convolution's output, which is never stored. */
  readonly fusedOperand: ReadonlyMap<Node, string>;
}

/** @throws {ModelError} that lists every operator without integer form, with names of nodes */
export function analyse(graph: Graph): Topology {
  const unsupported = graph.nodes.filter((node) => roleOf(graph, node) === undefined);
  if (unsupported.length > 0)
    throw new ModelError(
      "no-integer-form",
      {
        graph: graph.name,
        operators: [...new Set(unsupported.map(({ op }) => op))],
        nodes: unsupported.map(({ name }) => name),
      },
      `cannot quantize graph "${graph.name}". ${adviceFor(graph, unsupported)} ` +
        `These operators have no integer form: ${operatorList(unsupported)}.`,
    );
  const producer = new Map<string, Node>();
  const readers = new Map<string, Node[]>();
  const position = new Map<Node, number>();
  graph.nodes.forEach((node, index) => {
    position.set(node, index);
    for (const output of node.outputs) producer.set(output, node);
    for (const input of node.inputs) {
      const list = readers.get(input);
      if (list) list.push(node);
      else readers.set(input, [node]);
    }
  });
  const outputs = new Set(graph.outputs);
  const inputs = new Set(graph.inputs.map((input) => input.name));
  const readersOf = (value: string): readonly Node[] => readers.get(value) ?? [];

  const byWeight =
    (test: typeof isDepthwise) =>
    (node: Node): boolean => {
      const weight = isLayer(node) ? graph.tensors.get(node.inputs[1]!) : undefined;
      return weight !== undefined && test(node, weight);
    };
  const isAffine = byWeight(isChannelAffine);
  const readsInput = (layer: Node): boolean => {
    let value = layer.inputs[0]!;
    for (;;) {
      if (inputs.has(value)) return true;
      const node = producer.get(value);
      if (!node || !(roleOf(graph, node) === "mover" || isAffine(node))) return false;
      value = node.inputs[0]!;
    }
  };
  const reaches = (value: string): boolean =>
    outputs.has(value) ||
    readersOf(value).some((node) => (!isLayer(node) || isAffine(node)) && reaches(node.outputs[0]!));

  const fusedOperand = new Map<Node, string>();
  for (const node of graph.nodes) {
    if (roleOf(graph, node) !== "add" || node.inputs[0] === node.inputs[1]) continue;
    const fusable = dataInputs(graph, node).filter(
      (value) => producer.get(value)?.op === "Conv" && readersOf(value).length === 1 && !outputs.has(value),
    );
    fusable.sort((a, b) => position.get(producer.get(b)!)! - position.get(producer.get(a)!)!);
    if (fusable[0] !== undefined) fusedOperand.set(node, fusable[0]);
  }

  return {
    producer,
    readers: readersOf,
    isOutput: (value) => outputs.has(value),
    readsInput,
    isChannelAffine: isAffine,
    isDepthwise: byWeight(isDepthwise),
    reachesOutput: (layer) => reaches(layer.outputs[0]!),
    fusedOperand,
  };
}

/**
 * Whether a value is stored as codes between two engine operators. Other values exist only inside an operator: a layer's result
 * before its clamp, an addition's fused operand, and what movers pass on.
 */
export function isStored(graph: Graph, topology: Topology, value: string): boolean {
  const node = topology.producer.get(value);
  if (!node) return graph.inputs.some((input) => input.name === value);
  const role = roleOf(graph, node);
  if (role === "mover" || role === "inner") return false;
  const readers = topology.readers(value);
  if (node.op === "Gemm" && topology.isOutput(value) && readers.length === 0) return false;
  if (readers.length !== 1 || topology.isOutput(value)) return true;
  const reader = readers[0]!;
  if (topology.fusedOperand.get(reader) === value) return false;
  const clampable = role === "layer" || role === "add" || role === "multiply" || role === "pool" || role === "clamp";
  return !(clampable && roleOf(graph, reader) === "clamp");
}
