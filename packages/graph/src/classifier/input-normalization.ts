/**
 * @file Takes the normalization of the image out of a network, so that the code that reads images does it: exactly, and without
 * a layer that would have to be quantized. If channels have another order (BGR), the weights of the first convolution are
 * reordered.
 */

import { GraphBuilder } from "../ir/builder.js";
import { float32 } from "../ir/tensor.js";
import type { Graph, Node, Tensor } from "../ir/types.js";
import { usesOf } from "../ir/uses.js";
import { numbersOf, tensorOf } from "../operators/support/values.js";
import { removeDeadNodes } from "../passes/remove-dead-nodes.js";
import { type Channel, type ChannelValue, channelValues } from "./channel-program.js";

/** (x − mean) / std per channel, in the unit of the network's input. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface Denormalized {
  /** The network that takes normalized images, with channels in the order of the file. */
  readonly graph: Graph;
  /** Undefined if the network only had the channels in another order. */
  readonly normalization: Normalization | undefined;
}

/** Returns the network without the normalization at its input; undefined if it has none, or if it cannot be removed. */
export function withoutNormalization(graph: Graph): Denormalized | undefined {
  const [input] = graph.inputs;
  const channels = input?.shape?.[1];
  if (input?.shape?.length !== 4 || typeof channels !== "number" || channels > 4) return undefined;
  const known = channelValues(graph, input.name, channels);
  const frontier = frontierOf(graph, known);
  const [name, value] = frontier.length === 1 ? frontier[0]! : [];
  if (name === undefined || name === input.name || value?.axis === undefined) return undefined;
  const order = value.channels.map(({ source }) => source);
  const isPermutation = new Set(order).size === channels && order.length === channels;
  if (!isPermutation || !value.channels.every(({ factor }) => factor > 0 && Number.isFinite(factor))) return undefined;
  const isPlain = value.channels.every(({ factor, offset }) => factor === 1 && offset === 0);
  if (isPlain && order.every((source, i) => source === i)) return undefined; // only the layout differs, which other passes change
  const byIndex = value.channels.toSorted((a, b) => a.source - b.source);
  const normalization = {
    mean: byIndex.map(({ factor, offset }) => (offset === 0 ? 0 : -offset / factor)),
    std: byIndex.map(({ factor }) => 1 / factor),
  };
  return { graph: rewired(graph, input.name, name, value), normalization: isPlain ? undefined : normalization };
}

/** The values made of channels that other nodes read or that the graph returns. */
function frontierOf(
  graph: Graph,
  known: ReadonlyMap<string, ChannelValue>,
): readonly (readonly [string, ChannelValue])[] {
  const uses = usesOf(graph);
  return [...known].filter(
    ([name]) =>
      uses.isGraphOutput(name) ||
      uses.readers(name).some(({ outputs }) => outputs.some((output) => output !== "" && !known.has(output))),
  );
}

/** Makes the readers of `name` read the image instead, in its layout and with its order of channels. */
function rewired(graph: Graph, input: string, name: string, { channels, axis }: ChannelValue): Graph {
  const order = channels.map(({ source }: Channel) => source);
  const isInOrder = order.every((source, i) => source === i);
  const readers = usesOf(graph).readers(name);
  const intoWeights =
    !isInOrder && axis === 1 && !graph.outputs.includes(name) && readers.every((node) => takesOrder(node, name, graph));
  const g = new GraphBuilder(graph.name, graph);
  let image = input;
  if (!isInOrder && !intoWeights) image = g.op("Conv", [image, g.constant(permutationOf(order))]);
  if (axis === 3) image = g.op("Transpose", [image], { perm: [0, 2, 3, 1] });
  const built = g.build();
  const tensors = new Map(built.tensors);
  const added = built.nodes.slice(graph.nodes.length);
  const nodes = graph.nodes.map((node): Node => {
    if (!node.inputs.includes(name)) return node;
    const inputs = node.inputs.map((each) => (each === name ? image : each));
    if (!intoWeights) return { ...node, inputs };
    const weight = g.fresh(inputs[1]!);
    tensors.set(weight, reordered(graph.tensors.get(inputs[1]!)!, order));
    return { ...node, inputs: inputs.with(1, weight) };
  });
  return removeDeadNodes.run({ ...graph, nodes: [...added, ...nodes], tensors });
}

const takesOrder = (node: Node, name: string, { tensors }: Graph): boolean =>
  node.op === "Conv" &&
  node.domain === "" &&
  node.inputs.indexOf(name) === 0 &&
  node.inputs.lastIndexOf(name) === 0 &&
  (node.attributes.group ?? 1) === 1 &&
  tensors.has(node.inputs[1] ?? "");

/** The weight of a convolution that reads channel order[i] where it read channel i. */
function reordered(weight: Tensor, order: readonly number[]): Tensor {
  const [outputs, inputs, ...kernel] = weight.shape as [number, number, ...number[]];
  const size = kernel.reduce((a, b) => a * b, 1);
  const values = numbersOf(weight);
  const result = new Float64Array(values.length);
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++)
      for (let k = 0; k < size; k++) result[(o * inputs + order[i]!) * size + k] = values[(o * inputs + i) * size + k]!;
  return tensorOf(weight.dtype, weight.shape, result);
}

function permutationOf(order: readonly number[]): Tensor {
  const count = order.length;
  const matrix = new Float32Array(count * count);
  for (const [i, source] of order.entries()) matrix[i * count + source] = 1;
  return float32(matrix, [count, count, 1, 1]);
}
