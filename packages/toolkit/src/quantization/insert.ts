/** @file Inserts a FakeQuant node for every value that the engine stores as codes, with the bit width of the bit policy. */

import { type Graph, GraphBuilder, ModelError, type Node, namesIn } from "@subbyte/graph";
import { roleOf } from "../lowering/operators/index.js";
import { addFakeQuant } from "./fake-quant.js";
import { type BitPolicy, type BitWidths, decideBitWidths } from "./policy.js";
import { analyse, dataInputs, isLayer, isStored, type Topology } from "./topology.js";

/**
 * Returns the graph with FakeQuant nodes on weights and activations; all scales are 1 until a method sets them. The graph must
 * be simplified (batch norm folded).
 *
 * A stored tensor gets the largest bit width that its readers need: `residualBits` for residual additions, averages, tables and
 * concatenations, that of its input for a layer. A layer that needs fewer bits reads through a second FakeQuant.
 */
export function insertFakeQuant(graph: Graph, policy: BitPolicy): Graph {
  const topology = analyse(graph);
  const bitWidths = decideBitWidths(graph, topology, policy);
  const b = new GraphBuilder(graph.name);
  b.reserve(namesIn(graph));
  for (const input of graph.inputs) b.input(input.name, input.dtype, input.shape ?? []);
  for (const [name, tensor] of graph.tensors) b.constant(tensor, name);

  /** For each value, the quantized value that its readers now read, and its bit width. */
  const current = new Map<string, { value: string; bits: number }>();
  const narrowed = new Map<string, string>();

  const store = (value: string) => {
    if (!isStored(graph, topology, value)) return;
    const bits = storedBits(graph, value, topology, bitWidths);
    current.set(value, { value: addFakeQuant(b, value, { bits, signed: false, learnable: true }), bits });
  };
  const read = (value: string, bits?: number): string => {
    const source = current.get(value);
    if (!source) return value;
    if (bits === undefined || bits >= source.bits) return source.value;
    const key = `${source.value}|${bits}`;
    const known = narrowed.get(key);
    if (known !== undefined) return known;
    const quantized = addFakeQuant(b, source.value, { bits, signed: false, learnable: true });
    narrowed.set(key, quantized);
    return quantized;
  };

  for (const input of graph.inputs) store(input.name);
  for (const node of graph.nodes) {
    const inputs = isLayer(node)
      ? layerInputs(b, graph, node, bitWidths, read)
      : node.inputs.map((value) => (value === "" ? "" : read(value)));
    b.node(node.op, inputs, node.attributes, { name: node.name, outputs: node.outputs, domain: node.domain });
    if (roleOf(graph, node) === "mover") {
      const source = current.get(node.inputs[0]!);
      if (source) current.set(node.outputs[0]!, { value: node.outputs[0]!, bits: source.bits });
    } else {
      store(node.outputs[0]!);
    }
  }
  b.setOutputs(graph.outputs.map((value) => read(value)));
  return b.build();
}

function layerInputs(
  b: GraphBuilder,
  graph: Graph,
  node: Node,
  bitWidths: BitWidths,
  read: (value: string, bits: number) => string,
): readonly string[] {
  const { weights: bits, input } = bitWidths.layers.get(node.name)!;
  const [data, weight, ...rest] = node.inputs as [string, string, ...string[]];
  const tensor = graph.tensors.get(weight);
  if (!tensor || dataInputs(graph, node).length !== 1)
    throw new ModelError(
      "not-quantizable",
      { operator: node.op, node: node.name },
      `${node.op} "${node.name}": only layers with constant weights can be quantized; "${weight}" is computed.`,
    );
  if (node.op === "Gemm" && node.attributes.transB !== 1)
    throw new ModelError(
      "not-quantizable",
      { operator: node.op, node: node.name },
      `Gemm "${node.name}": weights must have the shape [outputs, inputs] (transB = 1).`,
    );
  const quantized = addFakeQuant(b, weight, {
    bits,
    signed: true,
    learnable: true,
    axis: 0,
    channels: tensor.shape[0]!,
    narrow: bitWidths.narrow(bits),
  });
  return [read(data, input), quantized, ...rest];
}

function storedBits(graph: Graph, value: string, topology: Topology, bitWidths: BitWidths): number {
  let bits = topology.isOutput(value) ? 8 : 0;
  for (const reader of topology.readers(value)) {
    const role = roleOf(graph, reader);
    if (role === "layer") bits = Math.max(bits, bitWidths.layers.get(reader.name)!.input);
    else if (role === "mover") bits = Math.max(bits, storedBits(graph, reader.outputs[0]!, topology, bitWidths));
    else bits = Math.max(bits, bitWidths.residual);
  }
  return bits === 0 ? bitWidths.residual : bits;
}
