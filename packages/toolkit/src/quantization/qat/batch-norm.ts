/**
 * @file Batch normalization around quantized weights. A calibrated network has it folded into its convolutions. For training it
 * is separated again, so that each step normalizes by its batch; afterwards it is folded back into scales, weights and biases:
 *
 *   folded   y = conv(x, Q(w; s)) + b
 *   apart    y = γ·(conv(x, Q(w/k; s/k)) − μ)/√(σ² + ε) + β,   k > 0 per output channel
 *
 * Codes are those of w/s in both forms, because the grid of weights has one scale per channel: folding is exact but for the
 * last bit.
 *
 * If the network had batch norm, k is the factor |γ|/√(σ² + ε) that was folded in. Otherwise it is the norm of the channel's
 * weights, so that all channels have the same size and learn at the same rate. γ and β are set so that outputs have the float
 * network's mean and variance. Training thus starts from a network whose means (as in bias correction) and variances are
 * corrected.
 */

import { float32, type Graph, GraphBuilder, type Node, namesIn, type Tensor } from "@subbyte/graph";
import { type FakeQuant, fakeQuants } from "../fake-quant.js";
import { storedScales } from "../ranges.js";
import { smallestWeightScale } from "../scales.js";
import { analyse } from "../topology.js";
import type { Moments } from "./moments.js";

const EPSILON = 1e-5;

/** A convolution with batch norm after it during training. */
export interface NormalizedLayer {
  readonly conv: Node;
  readonly weight: FakeQuant;
  /** The output of the convolution, including its bias. */
  readonly output: string;
}

/**
 * The convolutions with a bias that get a batch norm: those whose weights had one in `source`, or, if `source` has none, all
 * but the classifier's.
 */
export function normalizedLayers(graph: Graph, source: Graph | undefined): readonly NormalizedLayer[] {
  const topology = analyse(withoutQuantizers(graph));
  const weights = new Map(fakeQuants(graph).map((fq) => [fq.output, fq]));
  const had = source && foldedFactors(source);
  return graph.nodes.flatMap((conv) => {
    const weight = weights.get(conv.inputs[1] ?? "");
    if (conv.op !== "Conv" || !conv.inputs[2] || !weight || topology.reachesOutput(conv)) return [];
    const isOnlyReader = graph.nodes.filter(({ inputs }) => inputs.includes(weight.output)).length === 1;
    if (!isOnlyReader || (had && had.size > 0 && !had.has(weight.input))) return [];
    return [{ conv, weight, output: conv.outputs[0]! }];
  });
}

/** |γ|/√(σ² + ε) per channel of each convolution before a batch norm, by the name of its weights. */
export function foldedFactors(source: Graph): ReadonlyMap<string, Float32Array> {
  const producers = new Map(source.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const factors = new Map<string, Float32Array>();
  for (const { op, inputs, attributes } of source.nodes) {
    const conv = producers.get(inputs[0] ?? "");
    if (op !== "BatchNormalization" || conv?.op !== "Conv") continue;
    const [gamma, , , variance] = inputs.slice(1).map((name) => source.tensors.get(name)?.data as Float32Array);
    if (!gamma || !variance) continue;
    const epsilon = Number(attributes.epsilon ?? EPSILON);
    factors.set(
      conv.inputs[1]!,
      gamma.map((value, c) => Math.abs(value) / Math.sqrt(variance[c]! + epsilon)),
    );
  }
  return factors;
}

const withoutQuantizers = (graph: Graph): Graph => {
  const source = new Map(fakeQuants(graph).map(({ output, input }) => [output, input]));
  const resolve = (value: string): string => (source.has(value) ? resolve(source.get(value)!) : value);
  return {
    ...graph,
    nodes: graph.nodes
      .filter(({ op }) => op !== "FakeQuant")
      .map((node) => ({ ...node, inputs: node.inputs.map(resolve) })),
    outputs: graph.outputs.map(resolve),
  };
};

/**
 * Separates batch norm from `layers` again. Its running statistics are 0 and 1 until they are measured.
 *
 * @param moments desired mean and variance per channel of each layer's output, in the order of `layers`
 */
export function withBatchNorm(
  graph: Graph,
  layers: readonly NormalizedLayer[],
  moments: readonly Moments[],
  source: Graph | undefined,
): Graph {
  const had = source ? foldedFactors(source) : new Map<string, Float32Array>();
  const byConv = new Map(layers.map((layer, i) => [layer.conv, { layer, moments: moments[i]! }]));
  const g = new GraphBuilder(graph.name);
  g.reserve(namesIn(graph));
  for (const { name, dtype, shape } of graph.inputs) g.input(name, dtype, shape ?? []);
  const replaced = new Map<string, Tensor>();
  for (const { layer, moments: wanted } of byConv.values()) {
    const { weight, conv } = layer;
    const factors = factorsOf(graph, layer, had.get(weight.input));
    const tensor = graph.tensors.get(weight.input)!;
    const size = tensor.data.length / factors.length;
    const divided = (tensor.data as Float32Array).map((w, i) => w / factors[Math.floor(i / size)]!);
    replaced.set(weight.input, { ...tensor, data: divided });
    const scales = graph.tensors.get(weight.scale)!;
    replaced.set(weight.scale, { ...scales, data: (scales.data as Float32Array).map((s, c) => s / factors[c]!) });
    replaced.set(conv.inputs[2]!, float32(wanted.mean)); // β gets the name of the bias, into which it is folded again.
  }
  for (const [name, tensor] of graph.tensors) g.constant(replaced.get(name) ?? tensor, name);
  for (const node of graph.nodes) {
    const found = byConv.get(node);
    if (!found) {
      g.node(node.op, node.inputs, node.attributes, { name: node.name, outputs: node.outputs, domain: node.domain });
      continue;
    }
    const { mean, variance } = found.moments;
    const stem = `${node.name}/bn`;
    const constant = (data: Float32Array, name: string) => g.constant(float32(data), `${stem}.${name}`);
    const [data, weights, bias] = node.inputs as [string, string, string];
    const convolved = `${found.layer.output}/unnormalized`;
    g.node(node.op, [data, weights], node.attributes, { name: node.name, outputs: [convolved], domain: node.domain });
    const gamma = constant(
      Float32Array.from(variance, (v) => Math.max(MIN_GAMMA, Math.sqrt(v + EPSILON))),
      "weight",
    );
    const running = [
      constant(new Float32Array(mean.length), "running_mean"),
      constant(new Float32Array(mean.length).fill(1), "running_var"),
    ];
    g.node(
      "BatchNormalization",
      [convolved, gamma, bias, ...running],
      { epsilon: EPSILON },
      {
        name: stem,
        outputs: node.outputs,
      },
    );
  }
  g.setOutputs(graph.outputs);
  return g.build();
}

/**
 * Smallest γ after training. With a smaller one a channel has hardly any effect, and the scale of its weights leaves the range
 * of float32.
 */
export const MIN_GAMMA = 1e-4;

function factorsOf(graph: Graph, { weight }: NormalizedLayer, had: Float32Array | undefined): Float32Array {
  const weights = graph.tensors.get(weight.input)!;
  const channels = weights.shape[0]!;
  const size = weights.data.length / channels;
  return Float32Array.from({ length: channels }, (_, c) => {
    if (had?.[c]) return had[c];
    const row = (weights.data as Float32Array).subarray(c * size, (c + 1) * size);
    return Math.hypot(...row) || 1;
  });
}

/** Folds every batch norm into the convolution before it, which reverses `withBatchNorm`. */
export function withoutBatchNorm(graph: Graph): Graph {
  const weights = new Map(fakeQuants(graph).map((fq) => [fq.output, fq]));
  const convs = new Map(graph.nodes.filter(({ op }) => op === "Conv").map((node) => [node.outputs[0]!, node]));
  const inputScales = storedScales(graph);
  const tensors = new Map(graph.tensors);
  const folded = new Map<Node, Node>();
  const norms = new Set<Node>();
  for (const bn of graph.nodes) {
    const conv = bn.op === "BatchNormalization" ? convs.get(bn.inputs[0]!) : undefined;
    const weight = weights.get(conv?.inputs[1] ?? "");
    if (!conv || !weight) continue;
    const [gamma, beta, mean, variance] = bn.inputs
      .slice(1)
      .map((name) => graph.tensors.get(name)!.data as Float32Array);
    const epsilon = Number(bn.attributes.epsilon ?? EPSILON);
    const factors = Float64Array.from(gamma!, (value, c) => value / Math.sqrt(variance![c]! + epsilon));
    const bias = Float32Array.from(beta!, (value, c) => value - factors[c]! * mean![c]!);
    const tensor = graph.tensors.get(weight.input)!;
    const size = tensor.data.length / factors.length;
    tensors.set(weight.input, {
      ...tensor,
      data: (tensor.data as Float32Array).map((w, i) => w * factors[Math.floor(i / size)]!),
    });
    const inputScale = inputScales.get(conv.inputs[0]!);
    const scales = graph.tensors.get(weight.scale)!;
    const data = (scales.data as Float32Array).map((s, c) =>
      Math.max(s * factors[c]!, inputScale === undefined ? 0 : smallestWeightScale(bias[c]!, inputScale, false)),
    );
    tensors.set(weight.scale, { ...scales, data });
    tensors.set(bn.inputs[2]!, float32(bias));
    for (const name of [bn.inputs[1]!, bn.inputs[3]!, bn.inputs[4]!]) tensors.delete(name);
    folded.set(conv, { ...conv, inputs: [conv.inputs[0]!, conv.inputs[1]!, bn.inputs[2]!], outputs: bn.outputs });
    norms.add(bn);
  }
  return {
    ...graph,
    tensors,
    nodes: graph.nodes.filter((node) => !norms.has(node)).map((node) => folded.get(node) ?? node),
  };
}
