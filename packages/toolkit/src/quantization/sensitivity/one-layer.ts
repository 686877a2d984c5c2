/**
 * @file Networks that differ in one layer: the float network with that layer quantized, and the quantized network with it in
 * float.
 */

import { type Graph, GraphBuilder, type Node, namesIn } from "@subbyte/graph";
import { roleOf } from "../../lowering/operators/index.js";
import { codeRange } from "../fake-quant.js";
import { isLayer } from "../topology.js";
import { inputGrid, type QuantizedLayer, roundedWeights } from "./layers.js";

/** The float network with one layer's weights, its input, or both rounded to their grids. */
export function quantizedAlone(
  graph: Graph,
  float: Graph,
  layer: QuantizedLayer,
  side: "weights" | "input" | "both" = "both",
): Graph {
  return rewired(float, layer.node.name, (b, inputs) => {
    if (side !== "weights") inputs[0] = throughGrid(b, graph, layer, inputs[0]!).quantized;
    if (side !== "input") inputs[1] = b.constant(roundedWeights(graph, layer.weights));
  });
}

/**
 * The quantized network with one layer's weights and bias from the float network. If only layers read its input, that is not
 * rounded either.
 */
export function keptFloat(graph: Graph, float: Graph, layer: QuantizedLayer): Graph {
  const original = float.nodes.find(({ name }) => name === layer.node.name)!;
  const [, weights, bias] = original.inputs;
  const readers = graph.nodes.filter(({ inputs }) => inputs.includes(layer.input.output));
  const unrounded = layer.node.inputs[0] === layer.input.output && readers.every(isLayer);
  return rewired(graph, layer.node.name, (b, inputs) => {
    if (unrounded) inputs[0] = clampedAs(b, float, original, layer.input.input);
    inputs[1] = b.constant(float.tensors.get(weights!)!);
    if (bias) inputs[2] = b.constant(float.tensors.get(bias)!);
  });
}

/**
 * A copy of a graph in which one node reads other values; `change` may append the nodes and constants that this
 * needs.
 */
function rewired(graph: Graph, name: string, change: (b: GraphBuilder, inputs: string[]) => void): Graph {
  const b = new GraphBuilder(graph.name);
  b.reserve(namesIn(graph));
  for (const input of graph.inputs) b.input(input.name, input.dtype, input.shape ?? []);
  for (const [constant, tensor] of graph.tensors) b.constant(tensor, constant);
  for (const node of graph.nodes) {
    const inputs = [...node.inputs];
    if (node.name === name) change(b, inputs);
    b.node(node.op, inputs, node.attributes, { name: node.name, outputs: node.outputs, domain: node.domain });
  }
  b.setOutputs(graph.outputs);
  return b.build();
}

/**
 * The value after the clamps that the float network has before a layer. A graph that was lifted from integers has no clamp if
 * the range of the grid ends at the same bounds; without that grid, its ReLU would be lost.
 */
function clampedAs(b: GraphBuilder, float: Graph, layer: Node, value: string): string {
  const producer = new Map(float.nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
  const clamps: Node[] = [];
  for (let node = producer.get(layer.inputs[0]!); node; node = producer.get(node.inputs[0]!)) {
    const role = roleOf(float, node);
    if (role === "clamp") clamps.unshift(node);
    else if (role !== "mover") break;
  }
  return clamps.reduce((x, { op, inputs, attributes }) => {
    const bounds = inputs.slice(1).map((bound) => (bound === "" ? bound : b.constant(float.tensors.get(bound)!)));
    return b.op(op, [x, ...bounds], attributes);
  }, value);
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
