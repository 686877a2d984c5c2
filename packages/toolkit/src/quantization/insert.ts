/** @file Places a FakeQuant node wherever the engine will hold codes, at the width that the bit policy says. */

import { type Graph, GraphBuilder, ModelError, type Node } from "@subbyte/graph";
import { UsageError } from "../errors.js";
import { addFakeQuant } from "./fake-quant.js";
import { type BitPolicy, decideWidths, type Widths } from "./policy.js";
import { analyse, dataInputs, isLayer, isStored, roleOf, type Topology } from "./topology.js";

/**
 * Returns the graph with FakeQuant nodes on weights and activations, all scales 1 until a method sets them. The graph must be
 * simplified (batch norm folded).
 *
 * A stored tensor gets the widest width that its readers ask for: residual additions, averages, tables and concatenations
 * ask for `residualBits`, layers for their input width. A layer that wants fewer bits than are stored reads through a second
 * FakeQuant. So does one whose channels have widths of their own, unless nothing else reads the tensor.
 */
export function insertFakeQuant(graph: Graph, policy: BitPolicy): Graph {
  const topology = analyse(graph);
  const widths = decideWidths(graph, topology, policy);
  const b = new GraphBuilder(graph.name);
  for (const input of graph.inputs) b.input(input.name, input.dtype, input.shape ?? []);
  for (const [name, tensor] of graph.tensors) b.constant(tensor, name);

  /** What readers of a value now read, and its width. */
  const current = new Map<string, { value: string; bits: number; channelBits?: readonly number[] | undefined }>();
  const narrowed = new Map<string, string>();

  const store = (value: string) => {
    if (!isStored(graph, topology, value)) return;
    const reader = onlyReader(value, topology);
    const channelBits = reader && widths.layers.get(reader.name)?.channels;
    const bits = storedBits(value, topology, widths);
    const quantized = addFakeQuant(b, value, { bits, signed: false, learnable: true, channelBits });
    current.set(value, { value: quantized, bits, channelBits });
  };
  const read = (value: string, bits?: number, channelBits?: readonly number[]): string => {
    const source = current.get(value);
    if (!source) return value;
    const fits =
      channelBits === undefined ? bits === undefined || bits >= source.bits : source.channelBits === channelBits;
    if (fits) return source.value;
    const key = `${source.value}|${bits}|${channelBits}`;
    const known = narrowed.get(key);
    if (known !== undefined) return known;
    const quantized = addFakeQuant(b, source.value, { bits: bits!, signed: false, learnable: true, channelBits });
    narrowed.set(key, quantized);
    return quantized;
  };

  for (const input of graph.inputs) store(input.name);
  for (const node of graph.nodes) {
    const inputs = isLayer(node)
      ? layerInputs(b, graph, node, widths, read)
      : node.inputs.map((value) => (value === "" ? "" : read(value)));
    b.node(node.op, inputs, node.attributes, { name: node.name, outputs: node.outputs, domain: node.domain });
    if (roleOf(node) === "mover") {
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
  widths: Widths,
  read: (value: string, bits: number, channelBits?: readonly number[]) => string,
): readonly string[] {
  const { weights: bits, input, channels } = widths.layers.get(node.name)!;
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
      `Gemm "${node.name}": weights must stand as [outputs, inputs] (transB = 1).`,
    );
  const quantized = addFakeQuant(b, weight, {
    bits,
    signed: true,
    learnable: true,
    axis: 0,
    channels: tensor.shape[0]!,
    narrow: widths.narrow(bits),
  });
  checkChannelCount(node, tensor.shape, channels);
  return [read(data, input, channels), quantized, ...rest];
}

function checkChannelCount(node: Node, weights: readonly number[], channels: readonly number[] | undefined): void {
  if (!channels) return;
  const count = node.op === "Conv" ? weights[1]! * Number(node.attributes.group ?? 1) : weights[1]!;
  if (channels.length !== count)
    throw new UsageError(
      `policy: "${node.name}" reads ${count} channels, but its entry lists the widths of ${channels.length}.`,
    );
}

/** The layer that alone reads a value. */
function onlyReader(value: string, topology: Topology): Node | undefined {
  const [reader, ...others] = topology.readers(value);
  return reader && others.length === 0 && isLayer(reader) && !topology.isOutput(value) ? reader : undefined;
}

function storedBits(value: string, topology: Topology, widths: Widths): number {
  let bits = topology.isOutput(value) ? 8 : 0;
  const alone = onlyReader(value, topology);
  for (const reader of topology.readers(value)) {
    const role = roleOf(reader);
    if (role === "layer") {
      const { input, channels } = widths.layers.get(reader.name)!;
      bits = Math.max(bits, channels && reader !== alone ? widths.residual : input);
    } else if (role === "mover") bits = Math.max(bits, storedBits(reader.outputs[0]!, topology, widths));
    else bits = Math.max(bits, widths.residual);
  }
  return bits === 0 ? widths.residual : bits;
}
