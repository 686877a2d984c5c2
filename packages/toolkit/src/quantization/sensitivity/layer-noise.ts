/**
 * @file Measures the noise of each layer as if it alone were quantized. One pass of the float network measures all layers, with
 * the noise in each output split by origin.
 */

import { float32, type Graph, GraphBuilder, type Tensor } from "@subbyte/graph";
import { createSession, type SessionOptions } from "../../runtime/session.js";
import type { LayerFacts } from "./causes.js";
import type { Distribution } from "./distribution.js";
import { InputFacts } from "./input-facts.js";
import { type QuantizedLayer, roundedWeights } from "./layers.js";
import { throughGrid } from "./one-layer.js";
import { biasNoise, weightDistribution, weightFacts } from "./weight-facts.js";

/** A layer that alone is quantized: its noise, its facts, and the distribution of its values over their grids. */
export interface LayerNoise {
  readonly facts: LayerFacts;
  readonly weights: Distribution;
  readonly input: Distribution;
}

/** The values of a layer that are read from the noise graph. */
interface Probe {
  readonly layer: QuantizedLayer;
  /** The value that the float layer reads. */
  readonly input: string;
  readonly original: Tensor;
  readonly rounded: Tensor;
  /** Mean squares of the layer's output and of its noise by origin. */
  readonly outputs: Readonly<Record<"signal" | "weights" | "clipping" | "rounding", string>>;
}

/** Measures every layer on the same images, by layer name. */
export async function measureLayerNoise(
  graph: Graph,
  float: Graph,
  layers: readonly QuantizedLayer[],
  batches: readonly Tensor[],
  session: SessionOptions,
  onBatch?: () => void,
): Promise<ReadonlyMap<string, LayerNoise>> {
  const { network: noiseGraph, probes } = withProbes(graph, float, layers);
  const image = float.inputs[0]!.name;
  const observed = new Map(probes.map((probe) => [probe, new InputFacts(graph, probe.layer.input)]));
  const sums = new Map<string, number>();
  let images = 0;
  const network = await createSession(noiseGraph, session);
  try {
    for (const batch of batches) {
      const count = batch.shape[0]!;
      const results: Record<string, Tensor> = { ...(await network.run({ [image]: batch })), [image]: batch };
      for (const probe of probes) {
        observed.get(probe)!.add(results[probe.input]!);
        for (const output of Object.values(probe.outputs))
          sums.set(output, (sums.get(output) ?? 0) + count * (results[output]!.data as Float32Array)[0]!);
      }
      images += count;
      onBatch?.();
    }
  } finally {
    await network.release();
  }
  const mean = (output: string) => (sums.get(output) ?? 0) / Math.max(1, images);
  return new Map(
    probes.map((probe) => {
      const { layer, outputs, original, rounded } = probe;
      const input = observed.get(probe)!;
      const facts: LayerFacts = {
        layer: layer.node.name,
        op: layer.node.op,
        position: layer.position,
        weightBits: layer.weights.bits,
        inputBits: layer.input.bits,
        signal: mean(outputs.signal),
        noise: {
          weights: mean(outputs.weights),
          clipping: mean(outputs.clipping),
          rounding: mean(outputs.rounding),
          bias: biasNoise(graph, layer),
        },
        ...input.facts(),
        ...weightFacts(graph, layer, original, rounded),
      };
      const weights = weightDistribution(graph, layer, original);
      return [layer.node.name, { facts, weights, input: input.distribution() }];
    }),
  );
}

/** The float network with further outputs: the layers' inputs, and mean squares of the noise of each origin after the layer. */
function withProbes(graph: Graph, float: Graph, layers: readonly QuantizedLayer[]) {
  const byName = new Map(float.nodes.map((node) => [node.name, node]));
  const b = new GraphBuilder(`${float.name} noise`, float);
  const probes = layers.map((layer): Probe => {
    const node = byName.get(layer.node.name)!;
    const [x, weight] = node.inputs as [string, string];
    const original = float.tensors.get(weight)!;
    const rounded = roundedWeights(graph, layer.weights);
    const error = (original.data as Float32Array).map((w, i) => (rounded.data as Float32Array)[i]! - w);
    const { clipped, quantized } = throughGrid(b, graph, layer, x);
    const through = (value: string, tensor: Tensor) => b.op(node.op, [value, b.constant(tensor)], node.attributes);
    const energy = (value: string) => b.op("ReduceMean", [b.op("Mul", [value, value])], { keepdims: 0 });
    return {
      layer,
      input: x,
      original,
      rounded,
      outputs: {
        signal: energy(through(x, original)),
        weights: energy(through(x, float32(error, original.shape))),
        clipping: energy(through(b.op("Sub", [clipped, x]), rounded)),
        rounding: energy(through(b.op("Sub", [quantized, clipped]), rounded)),
      },
    };
  });
  const image = float.inputs[0]!.name;
  const inputs = new Set(probes.map(({ input }) => input).filter((input) => input !== image));
  b.setOutputs([...inputs, ...probes.flatMap(({ outputs }) => Object.values(outputs))]);
  return { network: b.build(), probes };
}
