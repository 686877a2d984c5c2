/** @file Graph surgery: the float network with one layer quantized, and the quantized network with one layer kept float. */

import { type Graph, GraphBuilder } from "@subbyte/graph";
import { codeRange, withTensors } from "../fake-quant.js";
import { isLayer } from "../topology.js";
import { inputGrid, type QuantizedLayer, roundedWeights } from "./layers.js";

/** The float network with one layer's weights, its input, or both on their grids. */
export function quantizedAlone(
  graph: Graph,
  float: Graph,
  layer: QuantizedLayer,
  side: "weights" | "input" | "both" = "both",
): Graph {
  const b = new GraphBuilder(float.name);
  for (const { name, dtype, shape } of float.inputs) b.input(name, dtype, shape ?? []);
  for (const [name, tensor] of float.tensors) b.constant(tensor, name);
  for (const node of float.nodes) {
    const inputs = [...node.inputs];
    if (node.name === layer.node.name) {
      if (side !== "weights") inputs[0] = throughGrid(b, graph, layer, inputs[0]!).quantized;
      if (side !== "input") inputs[1] = b.constant(roundedWeights(graph, layer.weights));
    }
    b.node(node.op, inputs, node.attributes, { name: node.name, outputs: node.outputs, domain: node.domain });
  }
  b.setOutputs(float.outputs);
  return b.build();
}

/**
 * The quantized network with one layer's weights and bias from the float network and, where only layers read it, its input
 * unrounded.
 */
export function keptFloat(graph: Graph, float: Graph, layer: QuantizedLayer): Graph {
  const original = float.nodes.find(({ name }) => name === layer.node.name)!;
  const tensors = new Map([[layer.weights.input, float.tensors.get(original.inputs[1]!)!]]);
  const bias = layer.node.inputs[2];
  if (bias && original.inputs[2]) tensors.set(bias, float.tensors.get(original.inputs[2])!);
  const source = new Map([[layer.weights.output, layer.weights.input]]);
  const readers = graph.nodes.filter(({ inputs }) => inputs.includes(layer.input.output));
  if (readers.every(isLayer)) source.set(layer.input.output, layer.input.input);
  return {
    ...withTensors(graph, tensors),
    nodes: graph.nodes.map((node) =>
      node === layer.node ? { ...node, inputs: node.inputs.map((value) => source.get(value) ?? value) } : node,
    ),
  };
}

/** A value clipped to a layer's input range, and rounded to its grid. */
export function throughGrid(b: GraphBuilder, graph: Graph, { node, input }: QuantizedLayer, value: string) {
  const { scale, zeroPoint } = inputGrid(graph, input);
  const { min, max } = codeRange(input);
  const step = b.scalar(scale);
  const named = (op: string, inputs: readonly string[]) => b.op(op, inputs, {}, { name: `${node.name}/grid/${op}` });
  const bounds = [b.scalar(scale * (min - zeroPoint)), b.scalar(scale * (max - zeroPoint))];
  const clipped = named("Clip", [value, ...bounds]);
  return { clipped, quantized: named("Mul", [named("Round", [named("Div", [clipped, step])]), step]) };
}
