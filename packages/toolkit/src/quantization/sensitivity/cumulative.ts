/** @file The noise at each layer if all layers before it are quantized, too. */

import { expandForInference, type Graph, type Tensor } from "@subbyte/graph";
import { createSession, type SessionOptions } from "../../runtime/session.js";
import type { QuantizedLayer } from "./layers.js";

/** Sums of squares over all outputs of a layer. */
export interface SignalAndNoise {
  readonly signal: number;
  readonly noise: number;
}

/** Measures each layer's output in the float network, and how much the quantized network's output differs from it. */
export async function measureCumulative(
  graph: Graph,
  float: Graph,
  layers: readonly QuantizedLayer[],
  batches: readonly Tensor[],
  options: SessionOptions,
  onBatch?: () => void,
): Promise<ReadonlyMap<string, SignalAndNoise>> {
  const byName = new Map(float.nodes.map((node) => [node.name, node]));
  const outputs = layers.map(({ node }) => node.outputs[0]!);
  const floatOutputs = layers.map(({ node }) => byName.get(node.name)!.outputs[0]!);
  const [reference, quantized] = await Promise.all([
    createSession({ ...float, outputs: floatOutputs }, options),
    createSession(expandForInference({ ...graph, outputs }), options),
  ]);
  const signal = new Float64Array(layers.length);
  const noise = new Float64Array(layers.length);
  try {
    for (const batch of batches) {
      const [expected, actual] = await Promise.all([
        reference.run({ [float.inputs[0]!.name]: batch }),
        quantized.run({ [graph.inputs[0]!.name]: batch }),
      ]);
      outputs.forEach((output, l) => {
        const a = expected[floatOutputs[l]!]!.data as Float32Array;
        const b = actual[output]!.data as Float32Array;
        for (let i = 0; i < a.length; i++) {
          signal[l]! += a[i]! * a[i]!;
          noise[l]! += (b[i]! - a[i]!) ** 2;
        }
      });
      onBatch?.();
    }
  } finally {
    await reference.release();
    await quantized.release();
  }
  return new Map(layers.map(({ node }, l) => [node.name, { signal: signal[l]!, noise: noise[l]! }]));
}
